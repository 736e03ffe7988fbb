//! What the log says about requests: routes and statuses, never who, with what, or as whom.

use std::{cell::RefCell, fmt::Write, sync::Once};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::samples;
use crate::world::{ROOT, World, key};

thread_local! {
    /// What was logged on this thread; a test and its calls run on one.
    static LINES: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps every line. Set for the whole process, because a subscriber of one thread can be missed
/// by log sites that another thread meets first.
struct Keeper;

impl Visit for Keeper {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        LINES.with_borrow_mut(|lines| write!(lines, "{}={value:?} ", field.name()).unwrap());
    }
}

impl Subscriber for Keeper {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Self);
        LINES.with_borrow_mut(|lines| lines.push('\n'));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// What this thread logs from here on is kept.
fn keep() {
    static KEEPER: Once = Once::new();
    KEEPER.call_once(|| tracing::subscriber::set_global_default(Keeper).unwrap());
    LINES.take();
}

#[tokio::test]
async fn a_fault_of_the_file_store_is_logged_once() {
    keep();
    let world = World::new();
    std::fs::remove_dir_all(world.folder.path()).unwrap();
    let body = r#"{"name":"a","size":1,"use":"message"}"#;
    let call = world.call("POST", "/v1/media").bearer(&world.token("小明")).body(body);
    assert_eq!(call.send().await.code(), "internal");
    let text = LINES.take();
    assert_eq!(text.matches("the file store failed").count(), 1, "{text}");
}

#[tokio::test]
async fn no_line_names_a_user_a_token_a_key_or_what_was_said() {
    keep();
    let world = samples::world().await;
    let token = world.token("小明");
    for sample in samples::all() {
        for credential in [ROOT, &token, &key("presence"), "mk_stolen_secret"] {
            samples::send(&world, &sample, Some(credential)).await;
        }
    }
    world.get(&format!("/v1/nope/{}?token={token}", samples::XM)).await;
    let text = LINES.take();
    let routes = samples::all();
    for route in routes.iter().map(|sample| &sample.operation.path) {
        assert!(text.contains(&format!("route=\"{route}\"")), "{route} is not logged: {text}");
    }
    for secret in [
        ROOT,
        &token,
        &key("presence"),
        "mk_stolen",
        "小明",
        samples::XM,
        "翠花",
        "在吗",
        "扣费",
        "sig=",
    ] {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
}
