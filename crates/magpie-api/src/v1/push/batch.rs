//! `POST /v1/push/batch`: many pushes in one request. Each item is read, judged and answered by
//! itself, with the shapes and rules of `create.rs`.

use magpie_core::push::publish::{self, Published, Request};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::create::{CreatePush, Pushed};
use crate::{
    access::{Key, need},
    extract::{self, IdempotencyKey, Json, JsonText},
    problem::{ErrorBody, Problem},
    shapes::WriteFailures,
};

const ITEMS_MAX: usize = 1_000;

/// Values to push.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreatePushBatch<'a> {
    /// At most 1,000 bodies of `POST /v1/push`, each with an `idempotency_key` of its own if any.
    #[serde(borrow)]
    #[schema(value_type = Vec<CreatePush>)]
    items: Vec<&'a RawValue>,
}

/// What happened to one of them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ItemResult {
    /// Taken.
    Pushed(Pushed),
    /// Refused; the others are not touched by that.
    Refused(ErrorBody),
}

/// What happened to each.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PushedBatch {
    /// One entry for each item, in the same order: the answer of `POST /v1/push`, or
    /// `{"error":{"code","message","retry"}}` when this item was refused.
    results: Vec<ItemResult>,
}

/// Push many values in one request.
///
/// A refused item leaves the others alone: the status is 200 when the list itself could be read,
/// so look at each entry. Values with `hold_s` 0 go out at once and together; those that are stored
/// follow with their commits, which they share.
///
/// ```sh
/// curl -X POST http://127.0.0.1:8080/v1/push/batch -H "Authorization: Bearer $MAGPIE_API_KEY" \
///   -H 'Content-Type: application/json' \
///   -d '{"items":[{"user":"17","channel":"steps","data":6234,"hold_s":0},
///                 {"user":"18","channel":"2","data":"0_扣费成功_剩余次数: 5"}]}'
/// ```
#[utoipa::path(post, path = "/v1/push/batch", operation_id = "create_push_batch", tag = "push",
    request_body = inline(CreatePushBatch),
    responses((status = 200, description = "Read; each item has its result", body = PushedBatch),
        WriteFailures),
    security(("api_key" = ["push"])))]
pub(crate) async fn create_push_batch(
    key: Key<need::Push>,
    IdempotencyKey(header): IdempotencyKey,
    text: JsonText,
) -> Result<Json<PushedBatch>, Problem> {
    if header.is_some() {
        let text = "the header Idempotency-Key says nothing about a list; give each item its own \
                    \"idempotency_key\"";
        return Err(Problem::bad(text));
    }
    let CreatePushBatch { items } = text.read()?;
    if items.len() > ITEMS_MAX {
        let count = items.len();
        return Err(Problem::bad(format!(
            "\"items\" has {count} entries and at most {ITEMS_MAX} are taken; send the others in \
             another request"
        )));
    }
    let (mut wanted, mut refused) = (Vec::with_capacity(items.len()), Vec::new());
    for (place, item) in items.into_iter().enumerate() {
        match request(place, item) {
            Ok(request) => {
                wanted.push(request);
                refused.push(None);
            }
            Err(problem) => refused.push(Some(problem)),
        }
    }
    let mut done = publish::publish_all(key.core(), wanted).await.into_iter();
    let result = |refused: Option<Problem>| match refused {
        Some(problem) => Some(ItemResult::from(Err(problem))),
        None => done.next().map(|done| ItemResult::from(done.map_err(Problem::from))),
    };
    Ok(Json(PushedBatch { results: refused.into_iter().filter_map(result).collect() }))
}

/// A list item as the core takes it.
fn request(place: usize, item: &RawValue) -> Result<Request, Problem> {
    extract::fit::<CreatePush>(format_args!("items[{place}]"), item.get())?.request(None)
}

impl From<Result<Published, Problem>> for ItemResult {
    fn from(done: Result<Published, Problem>) -> Self {
        match done {
            Ok(published) => Self::Pushed(published.into()),
            Err(problem) => Self::Refused(problem.body()),
        }
    }
}
