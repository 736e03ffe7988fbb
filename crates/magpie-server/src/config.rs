//! The configuration: defaults, then the file, the environment and flags, checked as a whole.
//! Everything is judged before a port is bound; nothing is read here after the start.

pub mod calls;
mod check;
mod check_s3;
pub mod dialects;
mod environment;
mod file;
pub mod heartbeat;
pub mod identity;
pub mod limits;
pub mod log;
pub mod media;
pub mod messages;
pub mod problem;
pub mod proxy;
pub mod push;
pub mod render;
pub mod server;
pub mod setting;
pub mod store;
pub mod table;
pub mod web;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

pub use identity::SecretText;
pub use problem::{ConfigError, Place, Problem};

use setting::Raw;
use table::Section;

/// The file read when none is named and it exists in the current directory.
pub const DEFAULT_FILE: &str = "magpie.toml";

/// Everything that can be set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// Section `server`.
    pub server: server::Server,
    /// Section `store`.
    pub store: store::Store,
    /// Section `identity`.
    pub identity: identity::Identity,
    /// Section `dialects`.
    pub dialects: dialects::Dialects,
    /// Section `dialects.market`.
    pub market: dialects::Market,
    /// Section `dialects.miao`.
    pub miao: dialects::Miao,
    /// Section `dialects.miniapp`.
    pub miniapp: dialects::Miniapp,
    /// Section `dialects.carwash`.
    pub carwash: dialects::Carwash,
    /// Section `dialects.helpdesk`.
    pub helpdesk: dialects::Helpdesk,
    /// Section `limits`.
    pub limits: limits::Limits,
    /// Section `heartbeat`.
    pub heartbeat: heartbeat::Heartbeat,
    /// Section `messages`.
    pub messages: messages::Messages,
    /// Section `push`.
    pub push: push::Push,
    /// Section `calls`.
    pub calls: calls::Calls,
    /// Section `media`.
    pub media: media::Media,
    /// Section `media.s3`.
    pub s3: media::S3,
    /// Section `log`.
    pub log: log::Log,
    /// Section `web`.
    pub web: web::Web,
    /// An API key from `MAGPIE_API_KEY` or `identity.api_key_file`.
    pub api_key: Option<SecretText>,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// Where each key was set that was set at all, by dotted name.
    pub places: BTreeMap<String, Place>,
}

/// What flags say; each wins over file and environment.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<String>,
    /// `--data`.
    pub data: Option<PathBuf>,
    /// `--dev`.
    pub dev: bool,
    /// `--dev-allow-remote`.
    pub dev_allow_remote: bool,
}

impl Config {
    /// Reads and checks the whole configuration.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong, each with its file and line, variable or flag.
    pub fn load(
        flags: &Flags,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let variables: BTreeMap<String, String> =
            variables.into_iter().filter(|(name, _)| name.starts_with("MAGPIE_")).collect();
        let mut config = Self::default();
        let mut problems = Vec::new();
        if let Some(path) = pick_file(flags, &variables)? {
            file::read_into(&mut config, &path, &mut problems)?;
            config.file = Some(path);
        }
        environment::read_into(&mut config, &variables, &mut problems);
        config.apply_flags(flags, &mut problems);
        check::check(&mut config, flags.dev_allow_remote, &mut problems);
        if problems.is_empty() { Ok(config) } else { Err(ConfigError { problems }) }
    }

    fn apply_flags(&mut self, flags: &Flags, problems: &mut Vec<Problem>) {
        let data = flags.data.as_ref().map(|path| path.to_string_lossy());
        let mut changes = Vec::new();
        changes.extend(flags.listen.as_deref().map(|text| ("server", "listen", text, "--listen")));
        changes.extend(data.as_deref().map(|text| ("server", "data", text, "--data")));
        if flags.dev {
            changes.push(("dialects", "mode", "open", "--dev"));
            changes.push(("dialects.miniapp", "broadcast", "true", "--dev"));
            changes.push(("identity", "create_unknown_users", "true", "--dev"));
        }
        for (section, key, text, flag) in changes {
            self.set(section, key, Raw::Text(text), Place::Flag(flag), problems);
        }
    }

    /// Sets one key that is known to exist, and notes from where.
    fn set(
        &mut self,
        section: &str,
        key: &str,
        raw: Raw<'_>,
        place: Place,
        problems: &mut Vec<Problem>,
    ) {
        let dotted = format!("{section}.{key}");
        match self.section_mut(section).and_then(|table| table.set(key, raw)) {
            Some(Ok(())) => {
                self.places.insert(dotted, place);
            }
            Some(Err(text)) => problems.push(Problem { place, key: dotted, text }),
            None => problems.push(Problem { place, key: dotted, text: "no such key".to_owned() }),
        }
    }

    /// Where a key was set.
    #[must_use]
    pub fn place(&self, dotted: &str) -> Place {
        self.places.get(dotted).cloned().unwrap_or(Place::Default)
    }

    /// All sections, in the order of the documentation.
    #[must_use]
    pub fn sections(&self) -> Vec<&dyn Section> {
        vec![
            &self.server,
            &self.store,
            &self.identity,
            &self.dialects,
            &self.market,
            &self.miao,
            &self.miniapp,
            &self.carwash,
            &self.helpdesk,
            &self.limits,
            &self.heartbeat,
            &self.messages,
            &self.push,
            &self.calls,
            &self.media,
            &self.s3,
            &self.log,
            &self.web,
        ]
    }

    fn section_mut(&mut self, name: &str) -> Option<&mut dyn Section> {
        let sections: Vec<&mut dyn Section> = vec![
            &mut self.server,
            &mut self.store,
            &mut self.identity,
            &mut self.dialects,
            &mut self.market,
            &mut self.miao,
            &mut self.miniapp,
            &mut self.carwash,
            &mut self.helpdesk,
            &mut self.limits,
            &mut self.heartbeat,
            &mut self.messages,
            &mut self.push,
            &mut self.calls,
            &mut self.media,
            &mut self.s3,
            &mut self.log,
            &mut self.web,
        ];
        sections.into_iter().find(|section| section.name() == name)
    }
}

/// The file to read: named by flag, by the environment, or lying in the current directory.
fn pick_file(
    flags: &Flags,
    variables: &BTreeMap<String, String>,
) -> Result<Option<PathBuf>, ConfigError> {
    let named = variables.get("MAGPIE_CONFIG").filter(|path| !path.is_empty());
    let (path, place) = match (&flags.config, named) {
        (Some(path), _) => (path.clone(), Place::Flag("--config")),
        (None, Some(path)) => (path.into(), Place::Environment("MAGPIE_CONFIG".to_owned())),
        (None, None) => {
            let path = Path::new(DEFAULT_FILE);
            return Ok(path.is_file().then(|| path.to_owned()));
        }
    };
    if path.exists() {
        return Ok(Some(path));
    }
    let text = format!(
        "{} does not exist: correct the path, or write one with `magpie init`",
        path.display()
    );
    Err(ConfigError::one(place, "", text))
}
