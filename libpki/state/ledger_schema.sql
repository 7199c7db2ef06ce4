-- VERSION_1:
-- A constraint's name and a trigger's message have the form "rN: text" or "state: text";
-- ledger_fail() makes the refusal from the text. The triggers repeat the UNIQUE
-- constraints because INSERT OR REPLACE deletes the old row and so satisfies UNIQUE.
CREATE TABLE issuer (
 id INTEGER PRIMARY KEY CHECK (id > 0),
 not_after INTEGER NOT NULL,
 der BLOB NOT NULL
) STRICT;
CREATE TRIGGER issuer_new BEFORE INSERT ON issuer BEGIN
 SELECT RAISE(ABORT, 'state: the issuer is in the ledger already')
 WHERE EXISTS (SELECT 1 FROM issuer WHERE id = NEW.id);
END;
CREATE TRIGGER issuer_no_update BEFORE UPDATE ON issuer BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of issuer') WHERE 1;
END;
CREATE TRIGGER issuer_no_delete BEFORE DELETE ON issuer BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from issuer') WHERE 1;
END;

CREATE TABLE entry (
 id INTEGER PRIMARY KEY CHECK (id >= 0),
 at INTEGER NOT NULL,
 entry BLOB NOT NULL CHECK (length(entry) BETWEEN 1 AND 65535)
) STRICT;
CREATE TRIGGER entry_new BEFORE INSERT ON entry BEGIN
 SELECT RAISE(ABORT, 'r213: a log entry must take the next index')
 WHERE NEW.id <> (SELECT coalesce(max(id) + 1, 0) FROM entry);
SELECT RAISE(ABORT, 'r209: the event is older than the last one; set the clock right')
 WHERE NEW.at < (SELECT at FROM entry WHERE id = NEW.id - 1);
END;
CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of entry') WHERE 1;
END;
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from entry') WHERE 1;
END;

CREATE TABLE hash (
 level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 63),
 position INTEGER NOT NULL CHECK (position >= 0),
 hash BLOB NOT NULL CHECK (length(hash) = 32),
 PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER hash_new BEFORE INSERT ON hash BEGIN
 SELECT RAISE(ABORT, 'r213: the hash of this subtree is in the ledger already')
 WHERE EXISTS (SELECT 1 FROM hash WHERE level = NEW.level
 AND position = NEW.position);
END;
CREATE TRIGGER hash_no_update BEFORE UPDATE ON hash BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of hash') WHERE 1;
END;
CREATE TRIGGER hash_no_delete BEFORE DELETE ON hash BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from hash') WHERE 1;
END;

CREATE TABLE checkpoint (
 size INTEGER PRIMARY KEY CHECK (size > 0),
 note BLOB NOT NULL
) STRICT;
CREATE TRIGGER checkpoint_new BEFORE INSERT ON checkpoint BEGIN
 SELECT RAISE(ABORT, 'r81: a checkpoint must cover more than the last one')
 WHERE NEW.size <= (SELECT max(size) FROM checkpoint);
SELECT RAISE(ABORT, 'r81: a checkpoint must not cover more entries than there are')
 WHERE NEW.size > (SELECT coalesce(max(id) + 1, 0) FROM entry);
END;
CREATE TRIGGER checkpoint_no_update BEFORE UPDATE ON checkpoint BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of checkpoint') WHERE 1;
END;
CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from checkpoint') WHERE 1;
END;

CREATE TABLE orders (
 id INTEGER PRIMARY KEY,
 name TEXT NOT NULL UNIQUE CHECK (name <> ''),
 action INTEGER NOT NULL CHECK (action BETWEEN 0 AND 3),
 holder TEXT NOT NULL,
 digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
 committed INTEGER NOT NULL,
 log_index INTEGER NOT NULL REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED,
 cms BLOB NOT NULL
) STRICT;
CREATE TRIGGER orders_new BEFORE INSERT ON orders BEGIN
 SELECT RAISE(ABORT, 'r203: an order of this identifier was carried out; sign a new order')
 WHERE EXISTS (SELECT 1 FROM orders WHERE name = NEW.name);
SELECT RAISE(ABORT, 'r203: this order was carried out; sign a new order')
 WHERE EXISTS (SELECT 1 FROM orders WHERE digest = NEW.digest);
SELECT RAISE(ABORT, 'r213: the row is taken')
 WHERE EXISTS (SELECT 1 FROM orders WHERE id = NEW.id);
END;
CREATE TRIGGER orders_no_update BEFORE UPDATE ON orders BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of orders') WHERE 1;
END;
CREATE TRIGGER orders_no_delete BEFORE DELETE ON orders BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from orders') WHERE 1;
END;

-- The CHECK of rule 4 counts three years as pki_time_add_years() does.
CREATE TABLE certificate (
 id INTEGER PRIMARY KEY,
 issuer INTEGER NOT NULL REFERENCES issuer (id),
 serial BLOB NOT NULL,
 holder TEXT NOT NULL,
 profile TEXT NOT NULL CHECK (profile <> ''),
 order_id INTEGER REFERENCES orders (id),
 name_hash BLOB NOT NULL CHECK (length(name_hash) = 32),
 key_hash BLOB NOT NULL UNIQUE CHECK (length(key_hash) = 32),
 not_before INTEGER NOT NULL,
 not_after INTEGER NOT NULL,
 document_end INTEGER NOT NULL,
 issued INTEGER NOT NULL,
 der BLOB NOT NULL CHECK (length(der) > 0),
 UNIQUE (issuer, serial),
 CONSTRAINT "r1: the serial number must be positive and of 20 octets at most"
 CHECK (length(serial) BETWEEN 1 AND 20 AND substr(serial, 1, 1) <> x'00'
 AND (length(serial) < 20 OR substr(serial, 1, 1) < x'80')),
 CONSTRAINT "r3: notAfter must come after notBefore"
 CHECK (not_before < not_after),
 CONSTRAINT "r4: notAfter is more than three years after notBefore; ask for less"
 CHECK (issuer = 1 OR not_after <= unixepoch(not_before, 'unixepoch', '+3 years', iif(strftime('%m-%d', not_before, 'unixepoch') = '02-29', '-1 day', '+0 days')) - 1),
 CONSTRAINT "r4: notAfter is after the end of the identity document; ask for less"
 CHECK (document_end = 0 OR not_after <= document_end),
 CONSTRAINT "r35: a certificate of a holder needs an order"
 CHECK (holder = '' OR order_id IS NOT NULL)
) STRICT;
CREATE INDEX certificate_name ON certificate (name_hash, holder);
CREATE INDEX certificate_holder ON certificate (holder) WHERE holder <> '';
CREATE INDEX certificate_order ON certificate (order_id) WHERE order_id IS NOT NULL;

-- position: 1, 2, ... among the revocations of one issuer.
CREATE TABLE revocation (
 certificate INTEGER PRIMARY KEY REFERENCES certificate (id),
 issuer INTEGER NOT NULL,
 position INTEGER NOT NULL,
 reason INTEGER NOT NULL CHECK (reason IN (0, 1, 2, 3, 4, 5, 9)),
 order_id INTEGER NOT NULL REFERENCES orders (id),
 reported INTEGER NOT NULL,
 committed INTEGER NOT NULL,
 UNIQUE (issuer, position)
) STRICT;

CREATE TRIGGER certificate_new BEFORE INSERT ON certificate BEGIN
 SELECT RAISE(ABORT, 'r1: the serial number was used before')
 WHERE EXISTS (SELECT 1 FROM certificate
 WHERE issuer = NEW.issuer AND serial = NEW.serial);
SELECT RAISE(ABORT, 'r31: the key is blocked: its certificate was revoked; make a new key')
 WHERE EXISTS (SELECT 1 FROM certificate c JOIN revocation r ON r.certificate = c.id
 WHERE c.key_hash = NEW.key_hash);
SELECT RAISE(ABORT, 'r36: the key was certified before; make a new key')
 WHERE EXISTS (SELECT 1 FROM certificate WHERE key_hash = NEW.key_hash);
SELECT RAISE(ABORT, 'r15: the name belongs to another holder; change the name')
 WHERE EXISTS (SELECT 1 FROM certificate
 WHERE name_hash = NEW.name_hash AND holder <> NEW.holder);
SELECT RAISE(ABORT, 'r4: notAfter is after the end of the issuer; ask for less')
 WHERE NEW.not_after > (SELECT not_after FROM issuer WHERE id = NEW.issuer);
SELECT RAISE(ABORT, 'r35: only the ceremony, before the first order, makes certificates without an order')
 WHERE NEW.order_id IS NULL AND EXISTS (SELECT 1 FROM orders);
SELECT RAISE(ABORT, 'r35: the order is not one to issue or renew for this holder')
 WHERE NEW.order_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM orders
 WHERE id = NEW.order_id AND holder = NEW.holder AND action IN (0, 1));
SELECT RAISE(ABORT, 'r213: the row is taken')
 WHERE EXISTS (SELECT 1 FROM certificate WHERE id = NEW.id);
END;
CREATE TRIGGER certificate_no_update BEFORE UPDATE ON certificate BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of certificate') WHERE 1;
END;
CREATE TRIGGER certificate_no_delete BEFORE DELETE ON certificate BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from certificate') WHERE 1;
END;

CREATE TRIGGER revocation_new BEFORE INSERT ON revocation BEGIN
 SELECT RAISE(ABORT, 'state: the certificate is revoked already')
 WHERE EXISTS (SELECT 1 FROM revocation WHERE certificate = NEW.certificate);
SELECT RAISE(ABORT, 'r47: the order is not one to revoke')
 WHERE NOT EXISTS (SELECT 1 FROM orders WHERE id = NEW.order_id AND action = 2);
SELECT RAISE(ABORT, 'r213: the revocation is not the next one of the certificate''s issuer')
 WHERE NOT EXISTS (SELECT 1 FROM certificate
 WHERE id = NEW.certificate AND issuer = NEW.issuer)
 OR NEW.position <> (SELECT coalesce(max(position), 0) + 1 FROM revocation
 WHERE issuer = NEW.issuer);
END;
CREATE TRIGGER revocation_no_update BEFORE UPDATE ON revocation BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of revocation') WHERE 1;
END;
CREATE TRIGGER revocation_no_delete BEFORE DELETE ON revocation BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from revocation') WHERE 1;
END;

CREATE TABLE crl (
 issuer INTEGER NOT NULL REFERENCES issuer (id),
 number INTEGER NOT NULL CHECK (number > 0),
 this_update INTEGER NOT NULL,
 next_update INTEGER NOT NULL,
 committed INTEGER NOT NULL,
 revocations INTEGER NOT NULL,
 der BLOB NOT NULL CHECK (length(der) > 0),
 PRIMARY KEY (issuer, number),
 CONSTRAINT "r49: nextUpdate must come after thisUpdate"
 CHECK (this_update < next_update)
) STRICT;
CREATE INDEX crl_coverage ON crl (issuer, revocations, number);
CREATE TRIGGER crl_new BEFORE INSERT ON crl BEGIN
 SELECT RAISE(ABORT, 'r49: the CRL number must be one more than the last')
 WHERE NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM crl
 WHERE issuer = NEW.issuer);
SELECT RAISE(ABORT, 'r49: thisUpdate is before that of the last CRL; set the clock right')
 WHERE NEW.this_update < (SELECT this_update FROM crl
 WHERE issuer = NEW.issuer AND number = NEW.number - 1);
SELECT RAISE(ABORT, 'r58: the CRL covers fewer revocations than the last, or more than there are')
 WHERE NEW.revocations > (SELECT coalesce(max(position), 0) FROM revocation
 WHERE issuer = NEW.issuer) OR NEW.revocations < (SELECT revocations FROM crl
 WHERE issuer = NEW.issuer AND number = NEW.number - 1);
END;
CREATE TRIGGER crl_no_update BEFORE UPDATE ON crl BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of crl') WHERE 1;
END;
CREATE TRIGGER crl_no_delete BEFORE DELETE ON crl BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from crl') WHERE 1;
END;

CREATE TABLE publication (
 issuer INTEGER NOT NULL,
 number INTEGER NOT NULL,
 published INTEGER NOT NULL,
 PRIMARY KEY (issuer, number),
 FOREIGN KEY (issuer, number) REFERENCES crl (issuer, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER publication_new BEFORE INSERT ON publication BEGIN
 SELECT RAISE(ABORT, 'state: the CRL was published already')
 WHERE EXISTS (SELECT 1 FROM publication
 WHERE issuer = NEW.issuer AND number = NEW.number);
END;
CREATE TRIGGER publication_no_update BEFORE UPDATE ON publication BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of publication') WHERE 1;
END;
CREATE TRIGGER publication_no_delete BEFORE DELETE ON publication BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from publication') WHERE 1;
END;

-- VERSION_2:
-- A row of revocation now holds serial, end and partition of the certificate, so that a
-- walk over revocations does not read the large rows of certificate. 253402300799 is
-- PKI_CRL_LAST.
CREATE TABLE partitioning (
 issuer INTEGER PRIMARY KEY REFERENCES issuer (id),
 lists INTEGER NOT NULL CHECK (lists BETWEEN 1 AND 4096),
 base TEXT NOT NULL CHECK (base <> '')
) STRICT;
CREATE TRIGGER partitioning_new BEFORE INSERT ON partitioning BEGIN
 SELECT RAISE(ABORT, 'r52: the issuer''s certificates are partitioned already, for ever')
 WHERE EXISTS (SELECT 1 FROM partitioning WHERE issuer = NEW.issuer);
END;
CREATE TRIGGER partitioning_no_update BEFORE UPDATE ON partitioning BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of partitioning') WHERE 1;
END;
CREATE TRIGGER partitioning_no_delete BEFORE DELETE ON partitioning BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from partitioning') WHERE 1;
END;

ALTER TABLE certificate ADD COLUMN partition INTEGER NOT NULL DEFAULT 0;
CREATE INDEX certificate_end ON certificate (issuer, not_after);
CREATE TRIGGER certificate_list BEFORE INSERT ON certificate BEGIN
 SELECT RAISE(ABORT, 'r52: the issuer has no such partition')
 WHERE NEW.partition NOT BETWEEN 0 AND coalesce((SELECT lists FROM partitioning WHERE issuer = NEW.issuer), 0);
SELECT RAISE(ABORT, 'r55: the issuer''s last CRL is made; it certifies nothing more')
 WHERE EXISTS (SELECT 1 FROM crl WHERE issuer = NEW.issuer AND next_update = 253402300799);
END;

DROP TRIGGER revocation_no_update;
ALTER TABLE revocation ADD COLUMN serial BLOB NOT NULL DEFAULT x'';
ALTER TABLE revocation ADD COLUMN not_after INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revocation ADD COLUMN partition INTEGER NOT NULL DEFAULT 0;
UPDATE revocation SET (serial, not_after) =
 (SELECT serial, not_after FROM certificate WHERE id = certificate);
CREATE INDEX revocation_end ON revocation (issuer, not_after);
CREATE INDEX revocation_list ON revocation (issuer, partition, position)
 WHERE partition > 0;
CREATE TRIGGER revocation_copy BEFORE INSERT ON revocation BEGIN
 SELECT RAISE(ABORT, 'r213: serial, end and partition are not the certificate''s')
 WHERE NOT EXISTS (SELECT 1 FROM certificate WHERE id = NEW.certificate
 AND serial = NEW.serial AND not_after = NEW.not_after
 AND partition = NEW.partition);
SELECT RAISE(ABORT, 'r55: the issuer''s last CRL is made; no list could say so any more')
 WHERE EXISTS (SELECT 1 FROM crl WHERE issuer = NEW.issuer AND next_update = 253402300799);
END;
CREATE TRIGGER revocation_no_update BEFORE UPDATE ON revocation BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of revocation') WHERE 1;
END;

DROP TRIGGER crl_no_update;
ALTER TABLE crl ADD COLUMN partition INTEGER NOT NULL DEFAULT 0;
ALTER TABLE crl ADD COLUMN cutoff INTEGER NOT NULL DEFAULT 0;
UPDATE crl SET cutoff = coalesce((SELECT p.this_update FROM crl p
 WHERE p.issuer = crl.issuer AND p.number = crl.number - 1), this_update);
DROP INDEX crl_coverage;
CREATE INDEX crl_list ON crl (issuer, partition, revocations, number);
CREATE INDEX crl_last ON crl (issuer, partition) WHERE next_update = 253402300799;
CREATE TRIGGER crl_scope BEFORE INSERT ON crl BEGIN
 SELECT RAISE(ABORT, 'r52: the issuer has no such partition')
 WHERE NEW.partition NOT BETWEEN 0 AND coalesce((SELECT lists FROM partitioning WHERE issuer = NEW.issuer), 0);
SELECT RAISE(ABORT, 'r55: the last CRL of this list is made')
 WHERE EXISTS (SELECT 1 FROM crl WHERE issuer = NEW.issuer
 AND partition = NEW.partition AND next_update = 253402300799);
SELECT RAISE(ABORT, 'r55: a certificate has neither expired nor been revoked; the last CRL comes after all of them')
 WHERE NEW.next_update = 253402300799
 AND EXISTS (SELECT 1 FROM certificate c
 WHERE c.issuer = NEW.issuer AND c.not_after >= NEW.this_update AND NOT EXISTS
 (SELECT 1 FROM revocation r WHERE r.certificate = c.id));
SELECT RAISE(ABORT, 'r57: certificates that end after thisUpdate are not past their expiry')
 WHERE NEW.cutoff > NEW.this_update;
END;
CREATE TRIGGER crl_no_update BEFORE UPDATE ON crl BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of crl') WHERE 1;
END;

-- VERSION_3:
-- rule 121: a person has one valid officer's certificate. Certificates without an identifier
-- of their person, as all were before this version, have no row. A renewal may now revoke the
-- certificate that it replaces, of an officer or service.
CREATE TABLE officer (
 certificate INTEGER PRIMARY KEY REFERENCES certificate (id),
 person TEXT NOT NULL CHECK (person <> '')
) STRICT;
CREATE INDEX officer_person ON officer (person);
CREATE INDEX certificate_staff ON certificate (not_after) WHERE holder = '';
CREATE TRIGGER officer_new BEFORE INSERT ON officer BEGIN
 SELECT RAISE(ABORT, 'r121: the person has another valid certificate; renew or end that one')
 WHERE EXISTS (SELECT 1 FROM officer o
 JOIN certificate c ON c.id = o.certificate
 JOIN certificate n ON n.id = NEW.certificate
 WHERE o.person = NEW.person AND c.id <> n.id AND c.not_after >= n.not_before
 AND NOT EXISTS (SELECT 1 FROM revocation WHERE certificate = c.id));
SELECT RAISE(ABORT, 'r121: the certificate is a holder''s, not an officer''s')
 WHERE NOT EXISTS (SELECT 1 FROM certificate WHERE id = NEW.certificate AND holder = '');
SELECT RAISE(ABORT, 'r213: the row is taken')
 WHERE EXISTS (SELECT 1 FROM officer WHERE certificate = NEW.certificate);
END;
CREATE TRIGGER officer_no_update BEFORE UPDATE ON officer BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of officer') WHERE 1;
END;
CREATE TRIGGER officer_no_delete BEFORE DELETE ON officer BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from officer') WHERE 1;
END;

DROP TRIGGER revocation_new;
CREATE TRIGGER revocation_new BEFORE INSERT ON revocation BEGIN
 SELECT RAISE(ABORT, 'state: the certificate is revoked already')
 WHERE EXISTS (SELECT 1 FROM revocation WHERE certificate = NEW.certificate);
SELECT RAISE(ABORT, 'r47: the order is not one to revoke, nor the renewal of this officer')
 WHERE NOT EXISTS (SELECT 1 FROM orders WHERE id = NEW.order_id AND (action = 2
 OR (action = 1 AND holder = '' AND NEW.reason = 4)));
SELECT RAISE(ABORT, 'r47: the renewal replaces a certificate of another profile, or a holder''s')
 WHERE EXISTS (SELECT 1 FROM orders WHERE id = NEW.order_id AND action = 1)
 AND NOT EXISTS (SELECT 1 FROM certificate old
 JOIN certificate new ON new.order_id = NEW.order_id
 WHERE old.id = NEW.certificate AND old.holder = '' AND new.profile = old.profile
 AND new.id <> old.id);
SELECT RAISE(ABORT, 'r213: the revocation is not the next one of the certificate''s issuer')
 WHERE NOT EXISTS (SELECT 1 FROM certificate
 WHERE id = NEW.certificate AND issuer = NEW.issuer)
 OR NEW.position <> (SELECT coalesce(max(position), 0) + 1 FROM revocation
 WHERE issuer = NEW.issuer);
END;

-- VERSION_4:
-- rule 109: the identifier in a holder's serialNumber belongs to one holder for ever.
-- identifier(): pki_name_identifier() of a certificate's subject. shared: an earlier version
-- gave the identifier to several holders.
CREATE TABLE identifier (
 key TEXT NOT NULL CHECK (key <> ''),
 holder TEXT NOT NULL CHECK (holder <> ''),
 shared INTEGER NOT NULL DEFAULT 0 CHECK (shared IN (0, 1)),
 PRIMARY KEY (key, holder)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO identifier (key, holder)
 SELECT key, holder FROM (SELECT identifier(der) AS key, holder FROM certificate
 WHERE holder <> '') WHERE key IS NOT NULL;
UPDATE identifier SET shared = 1 WHERE key IN
 (SELECT key FROM identifier GROUP BY key HAVING count(*) > 1);
CREATE INDEX identifier_shared ON identifier (key, holder) WHERE shared = 1;
CREATE TRIGGER identifier_new BEFORE INSERT ON identifier BEGIN
 SELECT RAISE(ABORT, 'r109: the identifier belongs to another holder; identify the person by another document')
 WHERE NEW.shared <> 0 OR EXISTS (SELECT 1 FROM identifier WHERE key = NEW.key AND holder <> NEW.holder);
SELECT RAISE(ABORT, 'r213: the identifier is recorded already')
 WHERE EXISTS (SELECT 1 FROM identifier WHERE key = NEW.key AND holder = NEW.holder);
END;
CREATE TRIGGER identifier_no_update BEFORE UPDATE ON identifier BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of identifier') WHERE 1;
END;
CREATE TRIGGER identifier_no_delete BEFORE DELETE ON identifier BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from identifier') WHERE 1;
END;

-- VERSION_5:
-- name_key(): pki_name_key() of a certificate's subject; NULL if the certificate cannot be
-- read. shared: an earlier version gave the name to several holders.
CREATE TABLE name (
 key BLOB NOT NULL CHECK (length(key) = 32),
 holder TEXT NOT NULL,
 shared INTEGER NOT NULL DEFAULT 0 CHECK (shared IN (0, 1)),
 PRIMARY KEY (key, holder)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO name (key, holder)
 SELECT key, holder FROM (SELECT name_key(der) AS key, holder FROM certificate)
 WHERE key IS NOT NULL;
UPDATE name SET shared = 1 WHERE key IN
 (SELECT key FROM name GROUP BY key HAVING count(*) > 1);
CREATE INDEX name_shared ON name (key, holder) WHERE shared = 1;
CREATE TRIGGER name_new BEFORE INSERT ON name BEGIN
 SELECT RAISE(ABORT, 'r15: the name belongs to another holder; change the name')
 WHERE EXISTS (SELECT 1 FROM name WHERE key = NEW.key AND holder <> NEW.holder);
SELECT RAISE(ABORT, 'r213: the name is recorded already')
 WHERE EXISTS (SELECT 1 FROM name WHERE key = NEW.key AND holder = NEW.holder);
END;
CREATE TRIGGER name_no_update BEFORE UPDATE ON name BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of name') WHERE 1;
END;
CREATE TRIGGER name_no_delete BEFORE DELETE ON name BEGIN
 SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from name') WHERE 1;
END;
