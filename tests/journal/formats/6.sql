-- A journal of format 6 as `sqlite3 demo.sqlite .dump` shows it: trimmed at sequence 4, of which 3 and 4 are still to be swept.
BEGIN TRANSACTION;
CREATE TABLE archive (at_ms INTEGER NOT NULL, sequence INTEGER NOT NULL, key TEXT NOT NULL, label_1 TEXT NOT NULL,
        label_2 TEXT NOT NULL, body BLOB NOT NULL, checksum INTEGER NOT NULL) STRICT;
CREATE TABLE base (sequence INTEGER PRIMARY KEY, body BLOB NOT NULL, checksum INTEGER) STRICT;
INSERT INTO "base" VALUES(4,X'7B22616C6C223A22757020746F2034227D',76198784);
CREATE TABLE forgotten (key TEXT PRIMARY KEY, sequence INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE former_epochs (number INTEGER PRIMARY KEY, common_until INTEGER NOT NULL) STRICT;
CREATE TABLE kept_keys (key TEXT NOT NULL, sequence INTEGER NOT NULL, bytes INTEGER NOT NULL,
        PRIMARY KEY (key, sequence)) STRICT, WITHOUT ROWID;
INSERT INTO "kept_keys" VALUES('I1',2,6);
CREATE TABLE kept_steps (sequence INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, body BLOB NOT NULL, checksum INTEGER)
        STRICT;
INSERT INTO "kept_steps" VALUES(2,1700000000002,X'737465702032',1554045990);
CREATE TABLE "keys_of_steps" (sequence INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY (sequence, key))
        STRICT, WITHOUT ROWID;
INSERT INTO "keys_of_steps" VALUES(3,'I1');
INSERT INTO "keys_of_steps" VALUES(4,'I1');
INSERT INTO "keys_of_steps" VALUES(5,'I1');
INSERT INTO "keys_of_steps" VALUES(6,'I1');
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('epoch',1);
INSERT INTO "meta" VALUES('kept_bytes',6);
INSERT INTO "meta" VALUES('kept_len',1);
INSERT INTO "meta" VALUES('keys_sorted_until',0);
CREATE TABLE step_keys (key TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (key, sequence))
        STRICT, WITHOUT ROWID;
CREATE TABLE steps (sequence INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, body BLOB NOT NULL, checksum INTEGER) STRICT;
INSERT INTO "steps" VALUES(3,1700000000003,X'737465702033',2709547270);
INSERT INTO "steps" VALUES(4,1700000000004,X'737465702034',1072719909);
INSERT INTO "steps" VALUES(5,1700000000005,X'737465702035',3268467973);
INSERT INTO "steps" VALUES(6,1700000000006,X'737465702036',515900452);
CREATE UNIQUE INDEX archive_places ON archive (at_ms, sequence, key);
CREATE INDEX archive_keys ON archive (key, sequence);
CREATE INDEX kept_keys_by_step ON kept_keys (sequence);
CREATE INDEX forgotten_by_step ON forgotten (sequence);
COMMIT;
PRAGMA application_id = 1113683054;
PRAGMA user_version = 6;
