-- RA_SQL_BEGIN:
BEGIN IMMEDIATE

-- RA_SQL_COMMIT:
COMMIT

-- RA_SQL_ROLLBACK:
ROLLBACK

-- RA_SQL_META:
SELECT key_check FROM meta

-- RA_SQL_ADD_META:
INSERT INTO meta VALUES (1, ?)

-- RA_SQL_ADD_HOLDER:
INSERT INTO holder VALUES (?, ?) ON CONFLICT DO NOTHING

-- RA_SQL_HOLDER_KEY:
SELECT wrapped_key FROM holder WHERE id = ?

-- RA_SQL_ADD_INVITATION:
INSERT INTO invitation VALUES (?, ?, ?, ?, ?, ?, NULL)

-- RA_SQL_INVITATIONS:
-- Candidates by the first octets of the code; the caller compares the whole code in constant time.
SELECT id, code, department, created, expires, cms, ifnull(application, '') FROM invitation
  WHERE substr(code, 1, 4) = ?

-- RA_SQL_INVITATION:
SELECT id, code, department, created, expires, cms, ifnull(application, '') FROM invitation
  WHERE id = ?

-- RA_SQL_EACH_INVITATION:
SELECT id, code, department, created, expires, cms, ifnull(application, '') FROM invitation

-- RA_SQL_USE_INVITATION:
UPDATE invitation SET application = ?2 WHERE id = ?1 AND application IS NULL

-- RA_SQL_ADD_APPLICATION:
INSERT INTO application (id, renewal, state, holder, invitation, order_id, verified_by, approved_by, created, changed)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- RA_SQL_APPLICATION:
SELECT id, renewal, state, holder, invitation, order_id, verified_by, approved_by, created, changed
  FROM application WHERE id = ?

-- RA_SQL_MOVE:
UPDATE application SET state = ?3, order_id = ?4, verified_by = ?5, approved_by = ?6, changed = ?7
  WHERE id = ?1 AND state = ?2

-- RA_SQL_LIST:
SELECT id, renewal, state, holder, invitation, order_id, verified_by, approved_by, created, changed
  FROM application WHERE (?1 < 0 OR state = ?1) AND (?2 = '' OR holder = ?2)
  AND (?3 = 0 OR id IN (SELECT application FROM found)) ORDER BY seq DESC LIMIT ?5 OFFSET ?4

-- RA_SQL_COUNT:
SELECT count(*) FROM application WHERE (?1 < 0 OR state = ?1) AND (?2 = '' OR holder = ?2)
  AND (?3 = 0 OR id IN (SELECT application FROM found))

-- RA_SQL_PUT:
INSERT INTO part VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET sealed = excluded.sealed

-- RA_SQL_PART:
SELECT sealed FROM part WHERE application = ? AND name = ?

-- RA_SQL_ADD_WORD:
INSERT INTO word VALUES (?, ?) ON CONFLICT DO NOTHING

-- RA_SQL_WORD_HOLDER:
SELECT a.holder FROM word w JOIN application a ON a.id = w.application WHERE w.token = ?
  ORDER BY a.seq DESC LIMIT 1

-- RA_SQL_CLEAR_FOUND:
DELETE FROM found

-- RA_SQL_ADD_FOUND:
-- found: a temporary table of the applications that a search finds, by the term that finds them.
INSERT INTO found SELECT DISTINCT application, ?2 FROM word WHERE token IN (?1, ?3)

-- RA_SQL_KEEP_FOUND:
-- An application stays that all terms find.
DELETE FROM found WHERE application NOT IN (SELECT application FROM found GROUP BY application
  HAVING count(*) = ?)

-- RA_SQL_ERASURE:
SELECT order_id, cms, ifnull(erased, 0) FROM erasure WHERE holder = ?

-- RA_SQL_ORDER_ERASURE:
INSERT INTO erasure (holder, order_id, cms) VALUES (?, ?, ?)
  ON CONFLICT DO UPDATE SET order_id = excluded.order_id, cms = excluded.cms

-- RA_SQL_ERASE:
UPDATE erasure SET cms = ?2, erased = ?3 WHERE holder = ?1

-- RA_SQL_DESTROY_KEY:
UPDATE holder SET wrapped_key = NULL WHERE id = ?

-- RA_SQL_DESTROY_PARTS:
DELETE FROM part WHERE application IN (SELECT id FROM application WHERE holder = ?)

-- RA_SQL_DESTROY_WORDS:
DELETE FROM word WHERE application IN (SELECT id FROM application WHERE holder = ?)

-- RA_SQL_END_EVENTS:
INSERT INTO outbox (type, actor, detail) SELECT 'application-rejected', ?2, json_object('application', id, 'order', ?3)
  FROM application WHERE holder = ?1 AND state < 3

-- RA_SQL_END_OPEN:
UPDATE application SET state = 5, changed = ?2 WHERE holder = ?1 AND state < 3

-- RA_SQL_UNSWEPT:
SELECT a.id FROM erasure e JOIN application a ON a.holder = e.holder
  WHERE e.swept = 0 AND e.erased IS NOT NULL

-- RA_SQL_SWEPT:
UPDATE erasure SET swept = 1 WHERE swept = 0 AND erased <= ?

-- RA_SQL_IDLE:
SELECT h.id, count(*), max(a.changed) FROM holder h JOIN application a ON a.holder = h.id
  WHERE h.wrapped_key IS NOT NULL GROUP BY h.id HAVING max(a.changed) <= ?

-- RA_SQL_HOLDER:
SELECT count(*), ifnull(max(changed), 0) FROM application WHERE holder = ?

-- RA_SQL_ADD_EVENT:
INSERT INTO outbox (type, actor, detail) VALUES (?, ?, ?)

-- RA_SQL_EVENTS:
SELECT seq, type, actor, detail FROM outbox WHERE seq > ? ORDER BY seq LIMIT 1

-- RA_SQL_EVENT_SENT:
DELETE FROM outbox WHERE seq = ?

-- RA_SQL_EVENT_COUNT:
SELECT count(*) FROM outbox
