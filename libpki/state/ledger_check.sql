-- CHECK_SCHEMA:
-- The sqlite_stat tables steer the query planner alone; an audit ignores the tables.
SELECT type || ' ' || name, ifnull(sql, '') FROM sqlite_schema
  WHERE name NOT LIKE 'sqlite_stat%' ORDER BY 1

-- CHECK_ISSUER:
SELECT 'issuer ' || id FROM issuer i
  WHERE NOT EXISTS (SELECT 1 FROM certificate c
    WHERE c.issuer = 1 AND i.id <= 2 AND c.der = i.der AND c.not_after = i.not_after)

-- CHECK_ENTRY_TIME:
SELECT 'log entry ' || id FROM
  (SELECT id, at, iif(json_valid(text), json_extract(text, '$.at'), '') AS said
    FROM (SELECT id, at, CAST(entry AS TEXT) AS text FROM entry))
  WHERE at IS NOT
    unixepoch(substr(said, 1, 19)) * 1000 + CAST(substr(said, 21, 3) AS INTEGER)

-- CHECK_HASH:
SELECT 'log hash ' || level || '/' || position
  FROM hash, (SELECT max(id) + 1 AS size FROM entry)
  WHERE position >= size >> level

-- CHECK_ORDER_SEQUENCE:
SELECT name FROM
  (SELECT name, id, committed, log_index, lag(id, 1, 0) OVER w AS i,
    lag(committed, 1, 0) OVER w AS c, lag(log_index, 1, 0) OVER w AS l
    FROM orders WINDOW w AS (ORDER BY id))
  WHERE id <> i + 1 OR committed < c OR log_index < l

-- CHECK_CERTIFICATE_SEQUENCE:
SELECT 'serial ' || lower(hex(serial)) FROM
  (SELECT serial, id, ifnull(order_id, 0) AS o, lag(id, 1, 0) OVER w AS i,
    lag(ifnull(order_id, 0), 1, 0) OVER w AS before
    FROM certificate WINDOW w AS (ORDER BY id))
  WHERE id <> i + 1 OR o < before

-- CHECK_CERTIFICATE_ORDER:
SELECT 'serial ' || lower(hex(serial)) FROM certificate c JOIN orders o ON o.id = c.order_id
  WHERE c.holder <> o.holder OR c.issued <> o.committed OR o.action NOT IN (0, 1)

-- CHECK_CEREMONY:
SELECT 'serial ' || lower(hex(serial)) FROM certificate
  WHERE order_id IS NULL AND (holder <> '' OR document_end <> 0
    OR issued <> (SELECT at FROM entry WHERE id = 0))

-- CHECK_NAME:
SELECT 'serial ' || lower(hex(serial)) FROM certificate
  WHERE name_hash IN (SELECT name_hash FROM certificate
    GROUP BY name_hash HAVING min(holder) <> max(holder))

-- CHECK_IDENTIFIER:
SELECT 'identifier of ' || holder FROM identifier i
  WHERE shared <> EXISTS (SELECT 1 FROM identifier WHERE key = i.key AND holder <> i.holder)
    OR NOT EXISTS (SELECT 1 FROM certificate c WHERE c.holder = i.holder AND c.holder <> '')

-- CHECK_SHARED:
-- Identifiers of which several holders have a certificate that is neither revoked nor expired.
SELECT 'holder ' || min(holder), group_concat(holder, ', ') FROM identifier i WHERE shared = 1
  AND EXISTS (SELECT 1 FROM certificate c LEFT JOIN revocation r ON r.certificate = c.id
    WHERE c.holder = i.holder AND c.holder <> '' AND r.certificate IS NULL
    AND c.not_after * 1000 >= (SELECT at FROM entry ORDER BY id DESC LIMIT 1))
  GROUP BY key HAVING count(*) > 1

-- CHECK_SHARED_BEFORE:
-- The same in a ledger without the table.
SELECT 'holder ' || min(holder), group_concat(holder, ', ')
  FROM (SELECT DISTINCT identifier(der) AS key, holder
    FROM certificate c LEFT JOIN revocation r ON r.certificate = c.id
    WHERE holder <> '' AND r.certificate IS NULL
    AND c.not_after * 1000 >= (SELECT at FROM entry ORDER BY id DESC LIMIT 1))
  WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1

-- CHECK_NAME_SHARED:
SELECT 'name of ' || iif(holder = '', 'service', holder) FROM name n
  WHERE shared <> EXISTS (SELECT 1 FROM name WHERE key = n.key AND holder <> n.holder)
    OR NOT EXISTS (SELECT 1 FROM certificate c WHERE c.holder = n.holder AND c.holder <> '')
      AND holder <> ''

-- CHECK_REVOCATION_SEQUENCE:
SELECT 'revocation of ' || lower(hex(serial)) FROM
  (SELECT serial, position, order_id, lag(position, 1, 0) OVER w AS p,
    lag(order_id, 1, 0) OVER w AS o
    FROM revocation WINDOW w AS (PARTITION BY issuer ORDER BY position))
  WHERE position <> p + 1 OR order_id < o

-- CHECK_REVOCATION_ISSUER:
SELECT 'revocation of ' || lower(hex(r.serial)) FROM revocation r
  JOIN certificate c ON c.id = r.certificate WHERE c.issuer <> r.issuer

-- CHECK_REVOKED:
SELECT o.name FROM orders o
  JOIN entry e ON e.id = o.log_index
  LEFT JOIN (SELECT order_id, count(*) AS n FROM revocation GROUP BY order_id) r
    ON r.order_id = o.id
  WHERE o.action IN (1, 2) AND iif(json_valid(CAST(e.entry AS TEXT)),
    ifnull(json_array_length(CAST(e.entry AS TEXT), '$.detail.serials'), 0), 0) IS NOT ifnull(r.n, 0)

-- CHECK_CRL_SEQUENCE:
SELECT 'CRL ' || number || ' of issuer ' || issuer FROM
  (SELECT issuer, number, this_update, committed, revocations,
    lag(number, 1, 0) OVER w AS n, lag(this_update, 1, 0) OVER w AS t,
    lag(committed, 1, 0) OVER w AS c, lag(revocations, 1, 0) OVER w AS r
    FROM crl WINDOW w AS (PARTITION BY issuer ORDER BY number))
  WHERE number <> n + 1 OR this_update < t OR committed < c OR revocations < r

-- CHECK_NEWEST_ENTRY:
-- substr() reads a value to its last page. The sum of lengths is never negative.
SELECT sum(length(substr(entry, -1))) < 0 FROM (SELECT entry FROM entry ORDER BY id DESC LIMIT 1000)

-- CHECK_NEWEST_ORDER:
SELECT count(*) FROM (SELECT id, name, substr(cms, -1) AS tail FROM orders ORDER BY id DESC LIMIT 1000) n
  WHERE n.tail IS NULL OR NOT EXISTS (SELECT 1 FROM orders o WHERE o.name = n.name AND o.id = n.id)

-- CHECK_NEWEST_CERTIFICATE:
SELECT count(*) FROM (SELECT id, issuer, serial, substr(der, -1) AS tail FROM certificate ORDER BY id DESC LIMIT 1000) n
  WHERE n.tail IS NULL OR NOT EXISTS
    (SELECT 1 FROM certificate c WHERE c.issuer = n.issuer AND c.serial = n.serial AND c.id = n.id)

-- CHECK_NEWEST_REVOCATION:
SELECT count(*) FROM (SELECT issuer, position, certificate FROM revocation
    WHERE issuer = 2 ORDER BY position DESC LIMIT 1000) n
  WHERE NOT EXISTS (SELECT 1 FROM revocation r NOT INDEXED WHERE r.certificate = n.certificate
    AND r.issuer = n.issuer AND r.position = n.position)

-- CHECK_NEWEST_CRL:
SELECT sum(length(substr(der, -1))) < 0 FROM (SELECT der FROM crl WHERE issuer = 2 ORDER BY number DESC LIMIT 10)
