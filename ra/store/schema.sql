-- APPLICATIONS:
-- Nothing in clear here names or describes a person: ids are random, parts are sealed, words are
-- tokens. wrapped_key becomes NULL for ever when a person is erased.
CREATE TABLE meta (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  key_check BLOB NOT NULL CHECK (length(key_check) = 32)
) STRICT;
CREATE TABLE holder (
  id TEXT PRIMARY KEY CHECK (id GLOB 'H-*'),
  wrapped_key BLOB
) STRICT, WITHOUT ROWID;
CREATE TABLE application (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE CHECK (id GLOB 'A-*'),
  renewal INTEGER NOT NULL CHECK (renewal IN (0, 1)),
  state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 5),
  holder TEXT NOT NULL REFERENCES holder (id),
  invitation TEXT NOT NULL,
  order_id TEXT NOT NULL,
  verified_by TEXT NOT NULL,
  approved_by TEXT NOT NULL,
  created INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  CHECK (state NOT BETWEEN 1 AND 4 OR order_id <> '' AND verified_by <> ''),
  CHECK (state NOT BETWEEN 2 AND 4 OR
    approved_by <> '' AND approved_by <> verified_by),
  CHECK (renewal = (invitation = ''))
) STRICT;
CREATE INDEX application_state ON application (state, seq);
CREATE INDEX application_holder ON application (holder, seq);
CREATE TABLE invitation (
  id TEXT PRIMARY KEY CHECK (id GLOB 'I-*'),
  code BLOB NOT NULL UNIQUE CHECK (length(code) = 32),
  department TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  cms BLOB NOT NULL,
  application TEXT UNIQUE REFERENCES application (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX invitation_code ON invitation (substr(code, 1, 4));
CREATE TABLE part (
  application TEXT NOT NULL REFERENCES application (id),
  name TEXT NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (application, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE word (
  token BLOB NOT NULL,
  application TEXT NOT NULL REFERENCES application (id),
  PRIMARY KEY (token, application)
) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  type TEXT NOT NULL,
  actor TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
-- The states are submitted 0, verified 1, approved 2, issued 3, accepted 4, rejected 5. An officer
-- verifies an application anew if its order grew too old before pki-ra sent the order.
CREATE TRIGGER application_forwards BEFORE UPDATE OF state ON application
 WHEN NOT (NEW.state = OLD.state + 1 AND OLD.state < 4
  OR NEW.state = 1 AND OLD.state IN (1, 2)
  OR NEW.state = 5 AND OLD.state < 3)
 BEGIN SELECT RAISE(ABORT, 'an application does not go back'); END;
CREATE TRIGGER application_identity
 BEFORE UPDATE OF id, renewal, holder, invitation, created ON application
 BEGIN SELECT RAISE(ABORT, 'an application does not change hands'); END;
CREATE TRIGGER application_kept BEFORE DELETE ON application
 BEGIN SELECT RAISE(ABORT, 'applications are kept'); END;
CREATE TRIGGER invitation_once BEFORE UPDATE ON invitation
 WHEN OLD.application IS NOT NULL OR NEW.id <> OLD.id OR NEW.code <> OLD.code
  OR NEW.expires <> OLD.expires OR NEW.cms <> OLD.cms
 BEGIN SELECT RAISE(ABORT, 'an invitation counts once'); END;
CREATE TRIGGER holder_erased BEFORE UPDATE ON holder
 WHEN NEW.wrapped_key IS NOT NULL OR NEW.id <> OLD.id
 BEGIN SELECT RAISE(ABORT, 'a holder''s key is only destroyed'); END;

-- ERASURES:
-- erased NULL: one officer has ordered the erasure, the second officer has not signed yet.
-- swept 1: no octet of the destroyed data is left in the files.
CREATE TABLE erasure (
  holder TEXT PRIMARY KEY REFERENCES holder (id),
  order_id TEXT NOT NULL CHECK (order_id GLOB 'O-*'),
  cms BLOB NOT NULL,
  erased INTEGER,
  swept INTEGER NOT NULL DEFAULT 0 CHECK (swept IN (0, 1) AND
    (swept = 0 OR erased IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX erasure_unswept ON erasure (holder) WHERE swept = 0;
CREATE TRIGGER erasure_final BEFORE UPDATE ON erasure
 WHEN OLD.erased IS NOT NULL AND (NEW.erased IS NOT OLD.erased OR
  NEW.holder <> OLD.holder OR NEW.cms <> OLD.cms OR NEW.swept < OLD.swept)
 BEGIN SELECT RAISE(ABORT, 'an erasure is final'); END;
CREATE TRIGGER erasure_kept BEFORE DELETE ON erasure
 BEGIN SELECT RAISE(ABORT, 'erasures are kept'); END;
CREATE TRIGGER holder_erased_by_order BEFORE UPDATE ON holder
 WHEN NOT EXISTS (SELECT 1 FROM erasure WHERE holder = NEW.id AND erased IS NOT NULL)
 BEGIN SELECT RAISE(ABORT, 'a key is destroyed by order'); END;
CREATE TRIGGER holder_kept BEFORE DELETE ON holder
 BEGIN SELECT RAISE(ABORT, 'holders are kept'); END;
