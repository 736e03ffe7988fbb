//! `GET /v1/users/{id}/channels`

use magpie_core::{model::Replay, push::publish};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{Access, need},
    extract::{Json, Path, Query},
    problem::Problem,
    shapes::{ChannelView, ReadFailures},
};

/// How to look.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListChannels {
    /// Look without counting the values as delivered.
    #[serde(default)]
    peek: bool,
}

/// What is held for a user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelList {
    /// The values that a page may still get.
    channels: Vec<ChannelView>,
}

/// Read the values of all of a user's channels.
///
/// For pages that poll with the user alone. Answering counts as delivery.
///
/// ```sh
/// curl http://127.0.0.1:8080/v1/users/17/channels -H "Authorization: Bearer $TOKEN"
/// ```
#[utoipa::path(get, path = "/v1/users/{id}/channels", operation_id = "list_channels", tag = "push",
    params(("id" = String, Path, description = "Whose channels"), ListChannels),
    responses((status = 200, description = "What is held", body = ChannelList), ReadFailures),
    security(("api_key" = ["push"]), ("user_token" = [])))]
pub(crate) async fn list_channels(
    access: Access<need::Push>,
    Path(id): Path<String>,
    Query(query): Query<ListChannels>,
) -> Result<Json<ChannelList>, Problem> {
    let subject = access.subject(&id).await?;
    let mut values = publish::held(subject.core, &subject.user, None).await?;
    values.retain(super::replayed);
    let counted = |replay| !query.peek && replay == Replay::UntilDelivered;
    for value in values.iter().filter(|value| counted(value.replay)) {
        publish::delivered(subject.core, &subject.user, &value.channel, value.version);
    }
    Ok(Json(ChannelList { channels: values.into_iter().map(ChannelView::from).collect() }))
}
