-- A ledger as version 1 of its schema made it.
CREATE TABLE issuer ( id INTEGER PRIMARY KEY CHECK (id > 0), not_after INTEGER NOT NULL, der BLOB NOT NULL) STRICT;
CREATE TRIGGER issuer_new BEFORE INSERT ON issuer BEGIN SELECT RAISE(ABORT, 'state: the issuer is in the ledger already') WHERE EXISTS (SELECT 1 FROM issuer WHERE id = NEW.id);END;
CREATE TRIGGER issuer_no_update BEFORE UPDATE ON issuer BEGIN SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of issuer') WHERE 1;END;
CREATE TRIGGER issuer_no_delete BEFORE DELETE ON issuer BEGIN SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from issuer') WHERE 1;END;
CREATE TABLE entry ( id INTEGER PRIMARY KEY CHECK (id >= 0), at INTEGER NOT NULL, entry BLOB NOT NULL CHECK (length(entry) BETWEEN 1 AND 65535)) STRICT;
CREATE TRIGGER entry_new BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'r213: a log entry must take the next index') WHERE NEW.id <> (SELECT coalesce(max(id) + 1, 0) FROM entry);SELECT RAISE(ABORT, 'r209: the event is older than the last one; set the clock right') WHERE NEW.at < (SELECT at FROM entry WHERE id = NEW.id - 1);END;
CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of entry') WHERE 1;END;
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from entry') WHERE 1;END;
CREATE TABLE hash ( level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 63), position INTEGER NOT NULL CHECK (position >= 0), hash BLOB NOT NULL CHECK (length(hash) = 32), PRIMARY KEY (level, position)) STRICT, WITHOUT ROWID;
CREATE TRIGGER hash_new BEFORE INSERT ON hash BEGIN SELECT RAISE(ABORT, 'r213: the hash of this subtree is in the ledger already') WHERE EXISTS (SELECT 1 FROM hash WHERE level = NEW.level AND position = NEW.position);END;
CREATE TRIGGER hash_no_update BEFORE UPDATE ON hash BEGIN SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of hash') WHERE 1;END;
CREATE TRIGGER hash_no_delete BEFORE DELETE ON hash BEGIN SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from hash') WHERE 1;END;
CREATE TABLE checkpoint ( size INTEGER PRIMARY KEY CHECK (size > 0), note BLOB NOT NULL) STRICT;
CREATE TRIGGER checkpoint_new BEFORE INSERT ON checkpoint BEGIN SELECT RAISE(ABORT, 'r81: a checkpoint must cover more than the last one') WHERE NEW.size <= (SELECT max(size) FROM checkpoint);SELECT RAISE(ABORT, 'r81: a checkpoint must not cover more entries than there are') WHERE NEW.size > (SELECT coalesce(max(id) + 1, 0) FROM entry);END;
CREATE TRIGGER checkpoint_no_update BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of checkpoint') WHERE 1;END;
CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from checkpoint') WHERE 1;END;
CREATE TABLE orders ( id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE CHECK (name <> ''), action INTEGER NOT NULL CHECK (action BETWEEN 0 AND 3), holder TEXT NOT NULL, digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32), committed INTEGER NOT NULL, log_index INTEGER NOT NULL REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED, cms BLOB NOT NULL) STRICT;
CREATE TRIGGER orders_new BEFORE INSERT ON orders BEGIN SELECT RAISE(ABORT, 'r203: an order of this identifier was carried out; sign a new order') WHERE EXISTS (SELECT 1 FROM orders WHERE name = NEW.name);SELECT RAISE(ABORT, 'r203: this order was carried out; sign a new order') WHERE EXISTS (SELECT 1 FROM orders WHERE digest = NEW.digest);SELECT RAISE(ABORT, 'r213: the row is taken') WHERE EXISTS (SELECT 1 FROM orders WHERE id = NEW.id);END;
CREATE TRIGGER orders_no_update BEFORE UPDATE ON orders BEGIN SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of orders') WHERE 1;END;
CREATE TRIGGER orders_no_delete BEFORE DELETE ON orders BEGIN SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from orders') WHERE 1;END;
CREATE TABLE certificate ( id INTEGER PRIMARY KEY, issuer INTEGER NOT NULL REFERENCES issuer (id), serial BLOB NOT NULL, holder TEXT NOT NULL, profile TEXT NOT NULL CHECK (profile <> ''), order_id INTEGER REFERENCES orders (id), name_hash BLOB NOT NULL CHECK (length(name_hash) = 32), key_hash BLOB NOT NULL UNIQUE CHECK (length(key_hash) = 32), not_before INTEGER NOT NULL, not_after INTEGER NOT NULL, document_end INTEGER NOT NULL, issued INTEGER NOT NULL, der BLOB NOT NULL CHECK (length(der) > 0), UNIQUE (issuer, serial), CONSTRAINT "r1: the serial number must be positive and of 20 octets at most" CHECK (length(serial) BETWEEN 1 AND 20 AND substr(serial, 1, 1) <> x'00' AND (length(serial) < 20 OR substr(serial, 1, 1) < x'80')), CONSTRAINT "r3: notAfter must come after notBefore" CHECK (not_before < not_after), CONSTRAINT "r4: notAfter is more than three years after notBefore; ask for less" CHECK (issuer = 1 OR not_after <= unixepoch(not_before, 'unixepoch', '+3 years', iif(strftime('%m-%d', not_before, 'unixepoch') = '02-29', '-1 day', '+0 days')) - 1), CONSTRAINT "r4: notAfter is after the end of the identity document; ask for less" CHECK (document_end = 0 OR not_after <= document_end), CONSTRAINT "r35: a certificate of a holder needs an order" CHECK (holder = '' OR order_id IS NOT NULL)) STRICT;
CREATE INDEX certificate_name ON certificate (name_hash, holder);
CREATE INDEX certificate_holder ON certificate (holder) WHERE holder <> '';
CREATE INDEX certificate_order ON certificate (order_id) WHERE order_id IS NOT NULL;
CREATE TABLE revocation ( certificate INTEGER PRIMARY KEY REFERENCES certificate (id), issuer INTEGER NOT NULL, position INTEGER NOT NULL, reason INTEGER NOT NULL CHECK (reason IN (0, 1, 2, 3, 4, 5, 9)), order_id INTEGER NOT NULL REFERENCES orders (id), reported INTEGER NOT NULL, committed INTEGER NOT NULL, UNIQUE (issuer, position)) STRICT;
CREATE TRIGGER certificate_new BEFORE INSERT ON certificate BEGIN SELECT RAISE(ABORT, 'r1: the serial number was used before') WHERE EXISTS (SELECT 1 FROM certificate WHERE issuer = NEW.issuer AND serial = NEW.serial);SELECT RAISE(ABORT, 'r31: the key is blocked: its certificate was revoked; make a new key') WHERE EXISTS (SELECT 1 FROM certificate c JOIN revocation r ON r.certificate = c.id WHERE c.key_hash = NEW.key_hash);SELECT RAISE(ABORT, 'r36: the key was certified before; make a new key') WHERE EXISTS (SELECT 1 FROM certificate WHERE key_hash = NEW.key_hash);SELECT RAISE(ABORT, 'r15: the name belongs to another holder; change the name') WHERE EXISTS (SELECT 1 FROM certificate WHERE name_hash = NEW.name_hash AND holder <> NEW.holder);SELECT RAISE(ABORT, 'r4: notAfter is after the end of the issuer; ask for less') WHERE NEW.not_after > (SELECT not_after FROM issuer WHERE id = NEW.issuer);SELECT RAISE(ABORT, 'r35: only the ceremony, before the first order, makes certificates without an order') WHERE NEW.order_id IS NULL AND EXISTS (SELECT 1 FROM orders);SELECT RAISE(ABORT, 'r35: the order is not one to issue or renew for this holder') WHERE NEW.order_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM orders WHERE id = NEW.order_id AND holder = NEW.holder AND action IN (0, 1));SELECT RAISE(ABORT, 'r213: the row is taken') WHERE EXISTS (SELECT 1 FROM certificate WHERE id = NEW.id);END;
CREATE TRIGGER certificate_no_update BEFORE UPDATE ON certificate BEGIN SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of certificate') WHERE 1;END;
CREATE TRIGGER certificate_no_delete BEFORE DELETE ON certificate BEGIN SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from certificate') WHERE 1;END;
CREATE TRIGGER revocation_new BEFORE INSERT ON revocation BEGIN SELECT RAISE(ABORT, 'state: the certificate is revoked already') WHERE EXISTS (SELECT 1 FROM revocation WHERE certificate = NEW.certificate);SELECT RAISE(ABORT, 'r47: the order is not one to revoke') WHERE NOT EXISTS (SELECT 1 FROM orders WHERE id = NEW.order_id AND action = 2);SELECT RAISE(ABORT, 'r213: the revocation is not the next one of the certificate''s issuer') WHERE NOT EXISTS (SELECT 1 FROM certificate WHERE id = NEW.certificate AND issuer = NEW.issuer) OR NEW.position <> (SELECT coalesce(max(position), 0) + 1 FROM revocation WHERE issuer = NEW.issuer);END;
CREATE TRIGGER revocation_no_update BEFORE UPDATE ON revocation BEGIN SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of revocation') WHERE 1;END;
CREATE TRIGGER revocation_no_delete BEFORE DELETE ON revocation BEGIN SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from revocation') WHERE 1;END;
CREATE TABLE crl ( issuer INTEGER NOT NULL REFERENCES issuer (id), number INTEGER NOT NULL CHECK (number > 0), this_update INTEGER NOT NULL, next_update INTEGER NOT NULL, committed INTEGER NOT NULL, revocations INTEGER NOT NULL, der BLOB NOT NULL CHECK (length(der) > 0), PRIMARY KEY (issuer, number), CONSTRAINT "r49: nextUpdate must come after thisUpdate" CHECK (this_update < next_update)) STRICT;
CREATE INDEX crl_coverage ON crl (issuer, revocations, number);
CREATE TRIGGER crl_new BEFORE INSERT ON crl BEGIN SELECT RAISE(ABORT, 'r49: the CRL number must be one more than the last') WHERE NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM crl WHERE issuer = NEW.issuer);SELECT RAISE(ABORT, 'r49: thisUpdate is before that of the last CRL; set the clock right') WHERE NEW.this_update < (SELECT this_update FROM crl WHERE issuer = NEW.issuer AND number = NEW.number - 1);SELECT RAISE(ABORT, 'r58: the CRL covers fewer revocations than the last, or more than there are') WHERE NEW.revocations > (SELECT coalesce(max(position), 0) FROM revocation WHERE issuer = NEW.issuer) OR NEW.revocations < (SELECT revocations FROM crl WHERE issuer = NEW.issuer AND number = NEW.number - 1);END;
CREATE TRIGGER crl_no_update BEFORE UPDATE ON crl BEGIN SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of crl') WHERE 1;END;
CREATE TRIGGER crl_no_delete BEFORE DELETE ON crl BEGIN SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from crl') WHERE 1;END;
CREATE TABLE publication ( issuer INTEGER NOT NULL, number INTEGER NOT NULL, published INTEGER NOT NULL, PRIMARY KEY (issuer, number), FOREIGN KEY (issuer, number) REFERENCES crl (issuer, number)) STRICT, WITHOUT ROWID;
CREATE TRIGGER publication_new BEFORE INSERT ON publication BEGIN SELECT RAISE(ABORT, 'state: the CRL was published already') WHERE EXISTS (SELECT 1 FROM publication WHERE issuer = NEW.issuer AND number = NEW.number);END;
CREATE TRIGGER publication_no_update BEFORE UPDATE ON publication BEGIN SELECT RAISE(ABORT, 'r213: the ledger is append-only: no UPDATE of publication') WHERE 1;END;
CREATE TRIGGER publication_no_delete BEFORE DELETE ON publication BEGIN SELECT RAISE(ABORT, 'r213: the ledger is append-only: no DELETE from publication') WHERE 1;END;

INSERT INTO issuer VALUES (1, 2400000000, x'01'), (2, 2300000000, x'02');
INSERT INTO entry VALUES (0, 1767225600000, x'7b7d');
INSERT INTO orders VALUES
 (1, 'O-1', 0, 'H-1', zeroblob(32), 1767225600000, 0, x'01'),
 (2, 'O-2', 2, 'H-1', x'0101010101010101010101010101010101010101010101010101010101010101',
  1767225600000, 0, x'02');
INSERT INTO certificate VALUES
 (1, 2, x'4000000000000000000000000000000000000001', 'H-1', 'p', 1, zeroblob(32),
  x'0101010101010101010101010101010101010101010101010101010101010101',
  1767225600, 1767312000, 0, 1767225600000, x'01'),
 (2, 2, x'4000000000000000000000000000000000000002', 'H-1', 'p', 1, zeroblob(32),
  x'0202020202020202020202020202020202020202020202020202020202020202',
  1767225600, 1798761600, 0, 1767225600000, x'02');
INSERT INTO revocation VALUES (2, 2, 1, 1, 2, 1767225600000, 1767225600000);
INSERT INTO crl VALUES (2, 1, 1767225600, 1767312000, 1767225600000, 0, x'01'),
 (2, 2, 1767225700, 1767312100, 1767225700000, 1, x'02'),
 (2, 3, 1767225800, 1767312200, 1767225800000, 1, x'03');
INSERT INTO publication VALUES (2, 1, 1767225600000);
PRAGMA application_id = 0x504b494c;
PRAGMA user_version = 1;
