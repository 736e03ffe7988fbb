//! `GET /v1/users/{id}/channels/{channel}`

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use magpie_core::{
    Core,
    model::{ChannelValue, Replay},
    push::publish,
};
use magpie_proto::{ErrorCode, UserId};
use serde::Deserialize;
use tokio::time::{Duration, Instant, timeout_at};
use utoipa::IntoParams;

use crate::{
    access::{Access, Subject, need},
    extract::{Json, Path, Query},
    params,
    problem::Problem,
    shapes::{ChannelView, ReadFailures},
};

const CHANNEL_BYTES_MAX: usize = 64;
const WAIT_S_MAX: u64 = 30;
/// Version of the value that the answer is about, with 204 too.
const VERSION: &str = "magpie-channel-version";

/// What the page has already, and how long it waits.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GetChannel {
    /// The last version that this page has; it gets newer ones only. Absent or 0: it has none.
    #[serde(default)]
    after: u64,
    /// Seconds to wait for a value when there is none, 0 to 30.
    #[serde(default)]
    wait_s: u64,
    /// Look without counting it as delivered.
    #[serde(default)]
    peek: bool,
}

/// Read or await the value of a channel.
///
/// Answering counts as delivery. The header `Magpie-Channel-Version` names the version to ask for
/// next with `after`, with 204 too. A value with `replay: until_delivered` that someone has got is
/// given only to pages that name an earlier version or were already waiting.
///
/// ```sh
/// curl 'http://127.0.0.1:8080/v1/users/17/channels/2?wait_s=25' -H "Authorization: Bearer $TOKEN"
/// ```
#[utoipa::path(get, path = "/v1/users/{id}/channels/{channel}", operation_id = "get_channel",
    tag = "push",
    params(
        ("id" = String, Path, description = "Whose channel"),
        ("channel" = String, Path, description = "Which channel"),
        GetChannel),
    responses(
        (status = 200, description = "The value", body = ChannelView,
            headers(("Magpie-Channel-Version" = u64, description = "Its version"))),
        (status = 204, description = "Nothing newer",
            headers(("Magpie-Channel-Version" = u64, description = "The version held now"))),
        ReadFailures),
    security(("api_key" = ["push"]), ("user_token" = [])))]
pub(crate) async fn get_channel(
    access: Access<need::Push>,
    Path((id, channel)): Path<(String, String)>,
    Query(query): Query<GetChannel>,
) -> Result<Response, Problem> {
    let subject = access.subject(&id).await?;
    let channel = params::name("the channel in the path", &channel, CHANNEL_BYTES_MAX)?;
    let after = params::seq("after", query.after)?;
    if query.wait_s > WAIT_S_MAX {
        return Err(Problem::bad(format!("\"wait_s\" is at most {WAIT_S_MAX}")));
    }
    let wait = Duration::from_secs(query.wait_s);
    let user = subject.user.clone();
    let core = subject.core;
    let (found, version) = find(subject, &channel, after, wait).await?;
    let version = [(VERSION, version.to_string())];
    let Some(value) = found else {
        return Ok((StatusCode::NO_CONTENT, version).into_response());
    };
    if !query.peek && value.replay == Replay::UntilDelivered {
        publish::delivered(core, &user, &channel, value.version);
    }
    Ok((version, Json(ChannelView::from(value))).into_response())
}

/// The value that the page may get, and the version held now. Subscribes before it reads, so that
/// a value that comes between is not missed.
async fn find(
    mut subject: Subject<'_>,
    channel: &str,
    after: u64,
    wait: Duration,
) -> Result<(Option<ChannelValue>, u64), Problem> {
    let (core, user) = (subject.core, &subject.user);
    let mut wakes = core.waiters.subscribe(user);
    let deadline = Instant::now() + wait;
    let first = held(core, user, channel).await?;
    let mut seen = first.as_ref().map_or(0, |value| value.version);
    if let Some(value) = first
        && value.version > after
        && (after > 0 || super::replayed(&value))
    {
        return Ok((Some(value), seen));
    }
    loop {
        tokio::select! {
            biased;
            woken = timeout_at(deadline, wakes.changed()) => {
                // Time is over, or the hub of waiting calls is gone.
                if !matches!(woken, Ok(Ok(()))) {
                    return Ok((None, seen));
                }
            }
            Ok(_) = subject.draining.wait_for(|draining| *draining) => {
                let text = "the server is going down; ask again".to_owned();
                return Err(Problem::Request(ErrorCode::Draining, text));
            }
        }
        let Some(value) = held(core, user, channel).await? else { continue };
        // Whoever was waiting when it came gets it, no matter who else got it.
        if value.version > seen.max(after) {
            let version = value.version;
            return Ok((Some(value), version));
        }
        seen = value.version;
    }
}

async fn held(core: &Core, user: &UserId, channel: &str) -> Result<Option<ChannelValue>, Problem> {
    Ok(publish::held(core, user, Some(channel)).await?.pop())
}
