//! Requests about messages that are stored already: recall, edit, reactions, forwarding; and drafts
//! of those that are not sent yet.

use std::sync::Arc;

use magpie_core::{
    Caller, Refusal,
    conversation::draft,
    message::{
        forward::{self, Forward},
        revise::{self, At},
    },
    port::store::Origin,
};
use magpie_proto::{
    BODY_BYTES_MAX,
    client::{self, Alter},
};

use crate::{
    conn::Conn,
    contain::EndOnPanic,
    gate::Gate,
    native::{self, NO_REPLY},
};

pub(super) async fn revise(
    gate: &Gate,
    caller: &Caller,
    request: client::Revise,
) -> Result<(), Refusal> {
    let client::Revise { conversation, seq, alter } = request;
    let at = At { conversation, seq };
    match alter {
        Alter::Recall => revise::recall(&gate.core, caller, at).await,
        Alter::Edit(body) => revise::edit(&gate.core, caller, at, body).await,
        Alter::React { emoji, on } => revise::react(&gate.core, caller, at, &emoji, on).await,
    }
}

/// Answered by the commit of the copy, as every send is.
pub(super) fn forward(
    gate: &Arc<Gate>,
    conn: &Arc<Conn>,
    caller: Caller,
    r: Option<u64>,
    request: client::Forward,
) {
    let client::Forward { conversation, seq, target, client_msg_id } = request;
    let wanted = Forward { at: At { conversation, seq }, target, client_msg_id };
    // How large the copy is shows only when it is read.
    conn.begin(BODY_BYTES_MAX);
    let (gate, conn) = (gate.clone(), conn.clone());
    tokio::spawn(async move {
        let _guard = EndOnPanic(&conn);
        let origin = Origin::Connection(conn.clone(), r.unwrap_or(NO_REPLY));
        if let Err(refusal) = forward::forward(&gate.core, &caller, wanted, origin).await {
            conn.finish(BODY_BYTES_MAX);
            native::refuse(&conn, r, &refusal);
        }
    });
}

/// Queued like a send, in the order in which drafts come: the last one stands.
pub(super) fn keep_draft(
    gate: &Arc<Gate>,
    conn: &Arc<Conn>,
    caller: &Caller,
    r: Option<u64>,
    wanted: &client::Draft,
) {
    let client::Draft { conversation, text, reply_to } = wanted;
    let origin = Origin::Connection(conn.clone(), r.unwrap_or(NO_REPLY));
    conn.begin(0);
    let queued = draft::keep(&gate.core, caller, *conversation, text, *reply_to, origin);
    if let Err(refusal) = queued {
        conn.finish(0);
        native::refuse(conn, r, &refusal);
    }
}
