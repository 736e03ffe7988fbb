//! A server without sockets: the router on doubles of the ports, and a client that holds every
//! answer against the OpenAPI document.

pub mod contract;
pub mod ports;
pub mod store;
pub mod uploads;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, LazyLock},
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderValue, Request, StatusCode, header::HeaderName},
};
use http_body_util::BodyExt;
use magpie_api::{ApiState, Demo, Limits, Site, router};
use magpie_auth::{
    ApiKeys, AuthSettings, Authenticator, EnvironmentKey, OriginPolicy, Scope, Scopes,
    SigningSecret, TokenRequest,
};
use magpie_core::{
    Core, Policy, Role, User,
    conversation::directory::Directory,
    device::Presented,
    port::Clock as _,
    publish::Publisher,
    user::{self, Profile},
};
use magpie_media::Settings;
use magpie_proto::{ConversationId, UserId};
use magpie_testkit::{MockClock, SeqIds};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::Value;
use tokio::sync::watch;
use tower::ServiceExt;

use ports::{Presence, RecordingBus};
use store::FragileStore;

/// Key with every scope.
pub const ROOT: &str = "test-key-with-every-scope-0123456789";
const SECRET: &str = "test-signing-secret-0123456789-abcdef";
/// When the tests take place, Unix ms.
pub const NOW_MS: u64 = 1_700_000_000_000;

/// One key for every scope, made once.
static KEYS: LazyLock<(ApiKeys, BTreeMap<&'static str, String>)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let mut keys = ApiKeys::empty(Path::new(&folder.path().join("keys.toml")));
    let texts = Scope::ALL
        .iter()
        .map(|scope| {
            let made = keys.create(scope.as_str(), Scopes::of(&[*scope]), NOW_MS).unwrap();
            (scope.as_str(), made.key)
        })
        .collect();
    (keys, texts)
});

/// The key that holds this scope and no other.
pub fn key(scope: &str) -> String {
    KEYS.1[scope].clone()
}

pub fn id(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

/// The direct conversation of two users, as text.
pub fn direct(a: &str, b: &str) -> String {
    ConversationId::direct(&id(a), &id(b)).to_string()
}

pub struct World {
    pub core: Arc<Core>,
    pub store: Arc<FragileStore>,
    pub bus: Arc<RecordingBus>,
    pub presence: Arc<Presence>,
    pub clock: Arc<MockClock>,
    pub auth: Arc<Authenticator>,
    pub drain: watch::Sender<bool>,
    /// Goes with the world, and the uploads in it.
    pub folder: tempfile::TempDir,
    router: Router,
}

/// What a test may want otherwise.
#[derive(Default)]
pub struct Setup {
    pub demo: Option<Demo>,
    pub limits: Limits,
    pub origins: Vec<&'static str>,
    pub policy: Policy,
    /// Change the settings of uploads; `None` with `no_media` only.
    pub media: Option<fn(&mut Settings)>,
    pub no_media: bool,
}

impl World {
    /// 小明, 翠花, 17 and an agent; no demo, no pages from elsewhere.
    pub fn new() -> Self {
        Self::with(Setup::default())
    }

    pub fn with(setup: Setup) -> Self {
        let (bus, directory) = (Arc::new(RecordingBus::default()), Arc::new(Directory::default()));
        let sink = Arc::new(Publisher::new(bus.clone(), directory.clone()));
        let store = Arc::new(FragileStore::new(sink));
        let (presence, clock) = (Arc::new(Presence::default()), Arc::new(MockClock::at(NOW_MS)));
        let core = Arc::new(Core {
            store: store.clone(),
            bus: bus.clone(),
            clock: clock.clone(),
            ids: Arc::new(SeqIds::seeded(1)),
            presence: presence.clone(),
            policy: setup.policy,
            receipts: magpie_core::receipt::Book::default(),
            calls: Default::default(),
            directory,
            waiters: Arc::default(),
        });
        magpie_core::port::Bus::attach(bus.as_ref(), core.waiters.clone());
        let mut settings =
            AuthSettings::new(SigningSecret::from_text("test", SECRET).unwrap(), KEYS.0.clone());
        settings.environment_key = Some(EnvironmentKey::from_text("test", ROOT).unwrap());
        settings.origins = OriginPolicy::new(&setup.origins, true).unwrap();
        let auth = Arc::new(Authenticator::new(settings).unwrap());
        let (drain, draining) = watch::channel(false);
        let folder = tempfile::tempdir().unwrap();
        let media = (!setup.no_media).then(|| uploads::media(&core, &folder, setup.media));
        let state = ApiState {
            media,
            core: core.clone(),
            auth: auth.clone(),
            metrics: metrics_handle(),
            site: Site { name: "Magpie".into(), version: "0.0.0-test".into(), dev: false },
            demo: setup.demo,
            limits: setup.limits,
            draining,
        };
        let router = router(state);
        let world = Self { core, store, bus, presence, clock, auth, drain, folder, router };
        for name in ["小明", "翠花", "17"] {
            world.store.add_user(user(name, Role::User));
        }
        world.store.add_user(user("agent", Role::Agent));
        world
    }

    /// A token of a user for native sockets.
    pub fn token(&self, user: &str) -> String {
        self.mint(&TokenRequest::native(id(user), 3_600))
    }

    pub fn mint(&self, request: &TokenRequest) -> String {
        self.auth.mint(request, self.clock.now_ms()).unwrap().token
    }

    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        Call { world: self, request }
    }

    /// What the router says of itself when printed for debugging.
    pub fn printed_router(&self) -> String {
        format!("{:?}", self.router)
    }

    /// A GET with the key that may do everything.
    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path).bearer(ROOT).send().await
    }

    /// Any call with the key that may do everything and a JSON body.
    pub async fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.call(method, path).bearer(ROOT).body(&body.to_string()).send().await
    }

    /// A device signs in, with a token of now.
    pub async fn sign_in(&self, user: &str, device: &str, name: &str) {
        let issued_ms = self.clock.now_ms();
        let presented = Presented { id: device, name, issued_ms };
        let profile = Profile::default();
        user::sign_in_on(&self.core, &id(user), profile, true, presented).await.unwrap();
    }

    /// A text from one user to another; gives its place.
    pub async fn say(&self, from: &str, to: &str, text: &str) -> u64 {
        let body = serde_json::json!({"from": from, "to": to, "text": text});
        let answer = self.json("POST", "/v1/messages", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json["seq"].as_u64().unwrap()
    }
}

/// A recorder of its own with one counter in it.
fn metrics_handle() -> PrometheusHandle {
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, || metrics::counter!("magpie_test_total").increment(1));
    recorder.handle()
}

pub fn user(name: &str, role: Role) -> User {
    User {
        id: id(name),
        name: format!("{name}!"),
        avatar: String::new(),
        role,
        banned: false,
        created_ms: NOW_MS,
        last_seen_ms: 0,
    }
}

/// A request in the making.
pub struct Call<'a> {
    world: &'a World,
    request: Request<Body>,
}

impl Call<'_> {
    pub fn bearer(self, credential: &str) -> Self {
        self.header("authorization", &format!("Bearer {credential}"))
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        self.request.headers_mut().insert(HeaderName::from_static(name), value);
        self
    }

    /// A JSON body.
    pub fn body(self, text: &str) -> Self {
        self.header("content-type", "application/json").raw_body(text.as_bytes().to_vec())
    }

    pub fn raw_body(mut self, bytes: Vec<u8>) -> Self {
        *self.request.body_mut() = Body::from(bytes);
        self
    }

    /// A body that is made while it is read.
    pub fn stream_body(mut self, body: Body) -> Self {
        *self.request.body_mut() = body;
        self
    }

    pub async fn send(self) -> Answer {
        let method = self.request.method().to_string();
        let path = self.request.uri().path().to_owned();
        let response = self.world.router.clone().oneshot(self.request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let bytes = bytes.to_vec();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer =
            Answer { status: parts.status.as_u16(), headers: parts.headers, text, bytes, json };
        contract::hold(&method, &path, &answer);
        answer
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub bytes: Vec<u8>,
    pub json: Value,
}

impl Answer {
    /// The error's code; panics when it is a success.
    pub fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or_else(|| panic!("no error: {}", self.text))
    }

    pub fn message(&self) -> &str {
        self.json["error"]["message"].as_str().unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn ok(self) -> Value {
        assert!(StatusCode::from_u16(self.status).unwrap().is_success(), "{}", self.text);
        self.json
    }
}
