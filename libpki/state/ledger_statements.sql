-- SQL_WRITER:
-- The settings of the writer's connection. The page cache takes 8000 kB of the 32 MB that
-- a daemon may use. ledger.c checkpoints the WAL. The WAL grows while a reader holds a
-- snapshot; the first commit after a complete checkpoint cuts the WAL to 32 MiB.
PRAGMA trusted_schema = OFF;
PRAGMA recursive_triggers = ON;
PRAGMA temp_store = MEMORY;
PRAGMA foreign_keys = ON;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA cache_size = -8000;
PRAGMA journal_size_limit = 33554432

-- SQL_READER:
PRAGMA trusted_schema = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA query_only = ON

-- SQL_BEGIN:
BEGIN IMMEDIATE

-- SQL_COMMIT:
COMMIT

-- SQL_ROLLBACK:
ROLLBACK

-- SQL_MARK:
SAVEPOINT mark

-- SQL_KEEP:
RELEASE mark

-- SQL_UNDO:
ROLLBACK TO mark

-- SQL_SNAPSHOT:
BEGIN

-- SQL_SNAPSHOT_READ:
SELECT count(*) FROM issuer

-- SQL_LAST_EVENT:
SELECT at FROM entry ORDER BY id DESC LIMIT 1

-- SQL_NEWEST:
SELECT id + 1, at FROM entry ORDER BY id DESC LIMIT 1

-- SQL_FIGURES:
-- The ledger never deletes a row, so the number of the last row is the count. The
-- revocations are looked up for each issuer because GROUP BY would walk all rows.
SELECT (SELECT max(id) FROM certificate),
  (SELECT sum((SELECT max(position) FROM revocation WHERE issuer = i.id)) FROM issuer i),
  (SELECT max(id) FROM orders), (SELECT max(id) + 1 FROM entry)

-- SQL_ISSUER_ADD:
INSERT INTO issuer (id, not_after, der) VALUES (?1, ?2, ?3)

-- SQL_ISSUER:
SELECT der FROM issuer WHERE id = ?1

-- SQL_ORDER_ADD:
INSERT INTO orders (name, action, holder, digest, committed, log_index, cms)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)

-- SQL_ORDER:
-- load_order() reads these columns.
SELECT name, action, holder, digest, committed, log_index, cms, id
  FROM orders WHERE name = ?1

-- SQL_ORDER_ROW:
SELECT id FROM orders WHERE name = ?1

-- SQL_ORDERS:
-- load_order() reads these columns.
SELECT name, action, holder, digest, committed, log_index, cms, id
  FROM orders WHERE id > ?1 ORDER BY id LIMIT ?2

-- SQL_CERT_ADD:
INSERT INTO certificate (issuer, serial, holder, profile, order_id, name_hash, key_hash,
    not_before, not_after, document_end, issued, der, partition)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)

-- SQL_CERT:
-- load_certificate() reads the columns of this statement and of the next four.
SELECT c.id, c.issuer, c.serial, c.holder, c.profile, o.name, c.name_hash, c.key_hash,
    c.not_before, c.not_after, c.document_end, c.issued, c.der,
    r.committed, r.reason, ro.name, c.partition
  FROM certificate c
  LEFT JOIN orders o ON o.id = c.order_id
  LEFT JOIN revocation r ON r.certificate = c.id
  LEFT JOIN orders ro ON ro.id = r.order_id
  WHERE c.issuer = ?1 AND c.serial = ?2

-- SQL_CERTS_BY_HOLDER:
SELECT c.id, c.issuer, c.serial, c.holder, c.profile, o.name, c.name_hash, c.key_hash,
    c.not_before, c.not_after, c.document_end, c.issued, c.der,
    r.committed, r.reason, ro.name, c.partition
  FROM certificate c
  LEFT JOIN orders o ON o.id = c.order_id
  LEFT JOIN revocation r ON r.certificate = c.id
  LEFT JOIN orders ro ON ro.id = r.order_id
  WHERE c.holder = ?1 AND c.holder <> '' ORDER BY c.id

-- SQL_CERTS_BY_ORDER:
SELECT c.id, c.issuer, c.serial, c.holder, c.profile, o.name, c.name_hash, c.key_hash,
    c.not_before, c.not_after, c.document_end, c.issued, c.der,
    r.committed, r.reason, ro.name, c.partition
  FROM certificate c
  LEFT JOIN orders o ON o.id = c.order_id
  LEFT JOIN revocation r ON r.certificate = c.id
  LEFT JOIN orders ro ON ro.id = r.order_id
  WHERE c.order_id = (SELECT id FROM orders WHERE name = ?1) ORDER BY c.id

-- SQL_CERTS:
SELECT c.id, c.issuer, c.serial, c.holder, c.profile, o.name, c.name_hash, c.key_hash,
    c.not_before, c.not_after, c.document_end, c.issued, c.der,
    r.committed, r.reason, ro.name, c.partition
  FROM certificate c
  LEFT JOIN orders o ON o.id = c.order_id
  LEFT JOIN revocation r ON r.certificate = c.id
  LEFT JOIN orders ro ON ro.id = r.order_id
  WHERE c.id > ?1 ORDER BY c.id LIMIT ?2

-- SQL_CERTS_STAFF:
SELECT c.id, c.issuer, c.serial, c.holder, c.profile, o.name, c.name_hash, c.key_hash,
    c.not_before, c.not_after, c.document_end, c.issued, c.der,
    r.committed, r.reason, ro.name, c.partition
  FROM certificate c
  LEFT JOIN orders o ON o.id = c.order_id
  LEFT JOIN revocation r ON r.certificate = c.id
  LEFT JOIN orders ro ON ro.id = r.order_id
  WHERE c.holder = '' AND c.not_after >= ?1 ORDER BY c.id

-- SQL_STAFF_COUNT:
SELECT profile, count(*), min(not_after) FROM certificate c
  WHERE holder = '' AND not_after >= ?1
  AND NOT EXISTS (SELECT 1 FROM revocation WHERE certificate = c.id)
  GROUP BY profile

-- SQL_OFFICER_ADD:
INSERT INTO officer (certificate, person) VALUES (?1, ?2)

-- SQL_OFFICER:
SELECT person FROM officer WHERE certificate = ?1

-- SQL_STATUS:
SELECT r.committed, r.reason FROM certificate c
  LEFT JOIN revocation r ON r.certificate = c.id
  WHERE c.issuer = ?1 AND c.serial = ?2

-- SQL_ALIVE:
SELECT serial, profile, not_after, count(*) OVER () FROM certificate c
  WHERE issuer = ?1 AND not_after >= ?2
  AND NOT EXISTS (SELECT 1 FROM revocation WHERE certificate = c.id)
  ORDER BY not_after DESC LIMIT 1

-- SQL_KEY:
SELECT r.certificate FROM certificate c
  LEFT JOIN revocation r ON r.certificate = c.id WHERE c.key_hash = ?1

-- SQL_NAME:
-- Another holder with the name, or NULL; has the holder the name; did an earlier version give
-- the name to both.
SELECT max(holder) FILTER (WHERE holder <> ?2), count(*) FILTER (WHERE holder = ?2),
    max(shared)
  FROM name WHERE key = ?1

-- SQL_NAME_ADD:
INSERT INTO name (key, holder) VALUES (?1, ?2)

-- SQL_NAMES_SHARED:
-- Names of which two holders have a certificate that lives. Officers and services have no
-- holder; one of their certificates always lives.
SELECT count(*) FROM (SELECT n.key FROM name n WHERE n.shared = 1 AND (n.holder = ''
    OR EXISTS (SELECT 1 FROM certificate c LEFT JOIN revocation r ON r.certificate = c.id
      WHERE c.holder = n.holder AND c.holder <> '' AND c.not_after >= ?1
      AND r.certificate IS NULL))
  GROUP BY n.key HAVING count(*) > 1)

-- SQL_IDENTIFIER:
-- Another holder with the identifier, or NULL; has the holder the identifier.
SELECT max(holder) FILTER (WHERE holder <> ?2), count(*) FILTER (WHERE holder = ?2)
  FROM identifier WHERE key = ?1

-- SQL_IDENTIFIER_ADD:
INSERT INTO identifier (key, holder) VALUES (?1, ?2)

-- SQL_IDENTIFIERS_SHARED:
-- Identifiers of which two holders have a certificate that is neither revoked nor expired.
SELECT count(*) FROM (SELECT i.key FROM identifier i WHERE i.shared = 1
    AND EXISTS (SELECT 1 FROM certificate c LEFT JOIN revocation r ON r.certificate = c.id
      WHERE c.holder = i.holder AND c.holder <> '' AND c.not_after >= ?1
      AND r.certificate IS NULL)
  GROUP BY i.key HAVING count(*) > 1)

-- SQL_PARTITIONING_ADD:
INSERT INTO partitioning (issuer, lists, base) VALUES (?1, ?2, ?3)

-- SQL_PARTITIONING:
SELECT lists, base FROM partitioning WHERE issuer = ?1

-- SQL_REVOKE:
INSERT INTO revocation (certificate, issuer, position, reason, order_id, reported, committed,
    serial, not_after, partition)
  SELECT id, issuer,
    (SELECT coalesce(max(position), 0) + 1 FROM revocation WHERE issuer = ?1),
    ?3, ?4, ?5, ?6, serial, not_after, partition
  FROM certificate WHERE issuer = ?1 AND serial = ?2

-- SQL_REVOKED:
-- load_revoked() reads the columns of this statement and of the next two.
SELECT serial, committed, reason, partition, position, not_after FROM revocation
  WHERE issuer = ?1 AND position > ?2 AND position <= ?4 AND not_after >= ?3
  ORDER BY position LIMIT ?5

-- SQL_REVOKED_IN:
SELECT serial, committed, reason, partition, position, not_after FROM revocation
  WHERE issuer = ?1 AND partition = ?6 AND partition > 0
  AND position > ?2 AND position <= ?4 AND not_after >= ?3
  ORDER BY position LIMIT ?5

-- SQL_REVOKED_ENDING:
-- The next batch begins after the row of certificate ?4 that ends at ?2.
SELECT serial, committed, reason, partition, certificate, not_after FROM revocation
  WHERE issuer = ?1 AND (not_after, certificate) > (?2, ?4) AND not_after < ?3
  ORDER BY not_after, certificate LIMIT ?5

-- SQL_REVOCATIONS:
SELECT r.issuer, c.serial, r.reason, o.name, r.reported, r.committed, c.not_after, c.partition,
    r.serial = c.serial AND r.not_after = c.not_after AND r.partition = c.partition, r.position
  FROM revocation r
  JOIN certificate c ON c.id = r.certificate
  JOIN orders o ON o.id = r.order_id
  WHERE r.issuer = ?1 AND r.position > ?2 ORDER BY r.position LIMIT ?3

-- SQL_REVOCATION_COUNT:
SELECT max(position) FROM revocation WHERE issuer = ?1

-- SQL_CRL_ADD:
INSERT INTO crl (issuer, number, this_update, next_update, committed, revocations, der,
    partition, cutoff)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)

-- SQL_CRL:
-- load_crl() reads the columns of this statement and of the next three. Only this
-- statement has the column der. Within one partition revocations and number grow
-- together.
SELECT l.issuer, l.number, l.this_update, l.next_update, l.committed, p.published,
    l.revocations, l.partition, l.cutoff, l.der
  FROM crl l LEFT JOIN publication p ON p.issuer = l.issuer AND p.number = l.number
  WHERE l.issuer = ?1 AND l.number = iif(?2 = 0,
    (SELECT number FROM crl WHERE issuer = ?1 AND partition = 0
      ORDER BY revocations DESC, number DESC LIMIT 1), ?2)

-- SQL_CRL_HEAD:
SELECT l.issuer, l.number, l.this_update, l.next_update, l.committed, p.published,
    l.revocations, l.partition, l.cutoff
  FROM crl l LEFT JOIN publication p ON p.issuer = l.issuer AND p.number = l.number
  WHERE l.issuer = ?1 AND l.number = iif(?2 = 0,
    (SELECT number FROM crl WHERE issuer = ?1 AND partition = 0
      ORDER BY revocations DESC, number DESC LIMIT 1), ?2)

-- SQL_CRL_LAST:
SELECT l.issuer, l.number, l.this_update, l.next_update, l.committed, p.published,
    l.revocations, l.partition, l.cutoff
  FROM crl l LEFT JOIN publication p ON p.issuer = l.issuer AND p.number = l.number
  WHERE l.issuer = ?1 AND l.number = iif(?2 < 0,
    (SELECT max(number) FROM crl WHERE issuer = ?1),
    (SELECT number FROM crl WHERE issuer = ?1 AND partition = ?2
      ORDER BY revocations DESC, number DESC LIMIT 1))

-- SQL_CRL_COVERING:
SELECT l.issuer, l.number, l.this_update, l.next_update, l.committed, p.published,
    l.revocations, l.partition, l.cutoff
  FROM crl l LEFT JOIN publication p ON p.issuer = l.issuer AND p.number = l.number
  WHERE l.issuer = ?1 AND l.number =
    (SELECT l.number FROM certificate c
      JOIN revocation r ON r.certificate = c.id
      JOIN crl l ON l.issuer = c.issuer AND l.partition = c.partition
        AND l.revocations >= r.position
      WHERE c.issuer = ?1 AND c.serial = ?2 ORDER BY l.revocations, l.number LIMIT 1)

-- SQL_PUBLICATION_ADD:
INSERT INTO publication (issuer, number, published) VALUES (?1, ?2, ?3)

-- SQL_ENTRY_ADD:
INSERT INTO entry (id, at, entry) VALUES (?1, ?2, ?3)

-- SQL_ENTRY:
SELECT entry FROM entry WHERE id = ?1

-- SQL_ENTRY_TIME:
SELECT at FROM entry WHERE id = ?1

-- SQL_ENTRY_COUNT:
SELECT max(id) + 1 FROM entry

-- SQL_HASH_ADD:
INSERT INTO hash (level, position, hash) VALUES (?1, ?2, ?3)

-- SQL_HASH:
SELECT hash FROM hash WHERE level = ?1 AND position = ?2

-- SQL_CHECKPOINT_ADD:
INSERT INTO checkpoint (size, note) VALUES (?1, ?2)

-- SQL_CHECKPOINT:
SELECT note FROM checkpoint
  WHERE size = iif(?1 = 0, (SELECT max(size) FROM checkpoint), ?1)

-- SQL_CHECKPOINTS:
SELECT size, note FROM checkpoint WHERE size > ?1 ORDER BY size LIMIT ?2
