-- What a user has typed in a conversation and not sent; `draft` is NULL when that is nothing.
ALTER TABLE memberships ADD COLUMN draft TEXT;
ALTER TABLE memberships ADD COLUMN draft_re INTEGER;

-- Places that were changed for everyone (recalled, edited, reacted to), each with its last change:
-- what an older change said of a place is of no use, and someone who puts and takes away the same
-- reaction for ever adds no row. Nothing is read here while `conversations.rev` is 0.
CREATE TABLE changes (
    conversation INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    rev          INTEGER NOT NULL,  -- the conversation's number of that change
    ver          INTEGER NOT NULL,
    kind         INTEGER NOT NULL,  -- 0 recall, 1 edit, 2 react
    by           INTEGER NOT NULL,  -- 0: somebody without a row
    at_ms        INTEGER NOT NULL,
    edited_ms    INTEGER,           -- when the body was changed last
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX changes_by_rev ON changes (conversation, rev);

CREATE TABLE reactions (
    conversation INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    emoji        TEXT    NOT NULL,
    user         INTEGER NOT NULL,
    rev          INTEGER NOT NULL,  -- order of the users of one emoji
    first_rev    INTEGER NOT NULL,  -- order of the emoji of one message
    PRIMARY KEY (conversation, seq, emoji, user)
) STRICT, WITHOUT ROWID;

-- Where users have signed in.
CREATE TABLE devices (
    user          INTEGER NOT NULL,
    device        TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    first_ms      INTEGER NOT NULL,
    last_ms       INTEGER NOT NULL,
    signed_out_ms INTEGER NOT NULL,  -- tokens issued before are not taken; 0 never
    PRIMARY KEY (user, device)
) STRICT, WITHOUT ROWID;

-- Finished uploads; the files lie elsewhere.
CREATE TABLE media (
    id            BLOB    PRIMARY KEY,
    owner         INTEGER NOT NULL,
    bytes         INTEGER NOT NULL,
    descriptor    TEXT    NOT NULL,
    poster        BLOB,
    public        INTEGER NOT NULL,
    created_ms    INTEGER NOT NULL,
    uses          INTEGER NOT NULL,  -- rows in `media_refs`
    free_after_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX media_by_owner ON media (owner, bytes);
CREATE INDEX media_idle ON media (free_after_ms) WHERE uses = 0;

-- Which messages hold an upload, or the upload whose still picture it is.
CREATE TABLE media_refs (
    media        BLOB    NOT NULL,
    conversation INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    PRIMARY KEY (media, conversation, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX media_refs_by_place ON media_refs (conversation, seq);
