-- One row: what the whole store is at.
CREATE TABLE meta (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    epoch    INTEGER NOT NULL,  -- identity of this history; cursors carry it
    position INTEGER NOT NULL   -- the newest commit
) STRICT;

-- People, agents and bots. Other tables name them by `no`.
CREATE TABLE users (
    no           INTEGER PRIMARY KEY,
    id           TEXT    NOT NULL UNIQUE,
    name         TEXT    NOT NULL,
    avatar       TEXT    NOT NULL,
    role         TEXT    NOT NULL,
    banned       INTEGER NOT NULL,
    created_ms   INTEGER NOT NULL,
    last_seen_ms INTEGER NOT NULL
) STRICT;

-- Written once per conversation and commit. The id holds the kind in its upper bits.
CREATE TABLE conversations (
    id      INTEGER PRIMARY KEY,
    kind    INTEGER NOT NULL,  -- 0 direct, 1 group, 2 desk
    a       INTEGER NOT NULL,  -- direct: the user whose id sorts first; desk: the visitor
    b       INTEGER,           -- direct: the other one
    head    INTEGER NOT NULL,  -- newest seq
    rev     INTEGER NOT NULL,  -- shared changes so far
    head_ms INTEGER NOT NULL,  -- time of the newest message
    ver     INTEGER NOT NULL,  -- position of the newest change
    voids   INTEGER NOT NULL,  -- rows in `voids`
    own_a   INTEGER NOT NULL,  -- direct: messages sent by a, by b; the newest of each
    own_b   INTEGER NOT NULL,
    last_a  INTEGER NOT NULL,
    last_b  INTEGER NOT NULL
) STRICT;
CREATE INDEX desk_by_ver ON conversations (ver) WHERE kind = 2;
CREATE INDEX desk_by_time ON conversations (head_ms, id) WHERE kind = 2;

-- What members show each other. Counters of own messages only outside direct conversations.
CREATE TABLE members (
    conversation  INTEGER NOT NULL,
    user          INTEGER NOT NULL,
    delivered_seq INTEGER NOT NULL,
    read_seq      INTEGER NOT NULL,
    own_total     INTEGER NOT NULL,
    own_last      INTEGER NOT NULL,
    PRIMARY KEY (conversation, user)
) STRICT, WITHOUT ROWID;

-- A user's private state of a conversation.
CREATE TABLE memberships (
    user         INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    read_seq     INTEGER NOT NULL,
    cleared_seq  INTEGER NOT NULL,
    hidden_seq   INTEGER NOT NULL,
    pinned       INTEGER NOT NULL,
    muted        INTEGER NOT NULL,
    own_at_floor INTEGER NOT NULL,  -- own messages at or below max(read_seq, cleared_seq)
    hides        INTEGER NOT NULL,  -- rows in `hidden`
    ver          INTEGER NOT NULL,
    PRIMARY KEY (user, conversation)
) STRICT, WITHOUT ROWID;

-- Rows in order of arrival; the two indexes are the only random writes of a send.
CREATE TABLE messages (
    no            INTEGER PRIMARY KEY,
    conversation  INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    ver           INTEGER NOT NULL,
    sender        INTEGER NOT NULL,
    sent_ms       INTEGER NOT NULL,
    id            BLOB    NOT NULL,
    client_msg_id TEXT,
    body          BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX messages_by_seq ON messages (conversation, seq);
CREATE UNIQUE INDEX messages_by_key ON messages (conversation, sender, client_msg_id)
    WHERE client_msg_id IS NOT NULL;

-- Messages that count for nobody: taken back, or of a kind that never counts.
CREATE TABLE voids (
    conversation INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    sender       INTEGER NOT NULL,
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;

-- Messages deleted on one side.
CREATE TABLE hidden (
    user         INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    own          INTEGER NOT NULL,
    ver          INTEGER NOT NULL,
    PRIMARY KEY (user, conversation, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE blocks (
    user  INTEGER NOT NULL,
    other INTEGER NOT NULL,
    PRIMARY KEY (user, other)
) STRICT, WITHOUT ROWID;

-- The last value of each channel. A push may come before its user does, so users by id.
CREATE TABLE channels (
    user              TEXT    NOT NULL,
    channel           TEXT    NOT NULL,
    version           INTEGER NOT NULL,
    data              TEXT    NOT NULL,
    sent_ms           INTEGER NOT NULL,
    hold_until_ms     INTEGER NOT NULL,
    replay            INTEGER NOT NULL,  -- 0 until delivered, 1 always
    delivered_version INTEGER NOT NULL,
    PRIMARY KEY (user, channel)
) STRICT;

-- Idempotency keys of pushes with what they stored, kept for the hold time.
CREATE TABLE push_keys (
    user          TEXT    NOT NULL,
    channel       TEXT    NOT NULL,
    key           TEXT    NOT NULL,
    version       INTEGER NOT NULL,
    data          TEXT    NOT NULL,
    sent_ms       INTEGER NOT NULL,
    hold_until_ms INTEGER NOT NULL,
    replay        INTEGER NOT NULL,
    PRIMARY KEY (user, channel, key)
) STRICT;
CREATE INDEX push_keys_by_end ON push_keys (hold_until_ms);
