//! The README keeps its word in both languages: its commands are run as printed against a real
//! server, its answers have the fields it shows, and the tests it names as proofs exist. Also:
//! the pages for operators explain every metric, and the token they show how to make is taken.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

const PAGES: [&str; 2] = ["README.md", "README.zh-CN.md"];
const PRINTED_ADDRESS: &str = "127.0.0.1:8080";
const API_KEY: &str = "an-api-key-for-the-test-of-the-readme";
const MARK: &str = "<!-- runnable -->";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

fn program() -> String {
    std::env::var("MAGPIE_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_magpie").to_owned())
}

/// A server as `make run` starts it, on a free port, stopped when dropped.
struct Server {
    child: Child,
    address: String,
    folder: TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Makes every curl of the page fail when the server refuses.
        fs::write(folder.path().join(".curlrc"), "fail\nshow-error\nmax-time = 30\n").unwrap();
        let mut child = Command::new(program())
            .args(["serve", "--dev", "--demo", "--listen", "127.0.0.1:0"])
            .current_dir(folder.path())
            .env_clear()
            .envs([("LANG", "C.UTF-8"), ("MAGPIE_API_KEY", API_KEY)])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut address = None;
        for line in lines {
            let line = line.unwrap();
            if let Some(found) = line.trim().strip_prefix("listening on: ") {
                address = Some(found.to_owned());
            }
            if line.starts_with("magpie ready in ") {
                break;
            }
        }
        Self { child, address: address.unwrap(), folder }
    }

    /// Runs a block of the page in a shell; its standard output.
    fn run(&self, block: &str) -> String {
        let output = Command::new("sh")
            .args(["-euc", &block.replace(PRINTED_ADDRESS, &self.address)])
            .current_dir(self.folder.path())
            .env("MAGPIE_API_KEY", API_KEY)
            .env("CURL_HOME", self.folder.path())
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "this command of the README fails:\n{block}\n{error}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command to run, and the answer printed behind it.
#[derive(Debug, PartialEq)]
struct Step {
    command: String,
    answer: Option<String>,
}

/// The text of a fenced block at the start of `text`, and what follows it.
fn fenced<'a>(text: &'a str, language: &str) -> Option<(&'a str, &'a str)> {
    let inside = text.trim_start().strip_prefix("```")?.strip_prefix(language)?;
    inside.strip_prefix('\n')?.split_once("\n```")
}

fn steps(page: &str) -> Vec<Step> {
    let read = |part: &str| {
        let (command, rest) = fenced(part, "sh").unwrap_or_else(|| panic!("no block: {part}"));
        let answer = fenced(rest, "json").map(|(answer, _)| answer.to_owned());
        Step { command: command.to_owned(), answer }
    };
    page.split(MARK).skip(1).map(read).collect()
}

fn fields(json: &str) -> BTreeSet<String> {
    let value: serde_json::Value =
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {json}"));
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_command_of_the_readme_works_as_printed() {
    for name in PAGES {
        let server = Server::start();
        let steps = steps(&page(name));
        assert!(steps.len() >= 5, "{name}: the commands have lost their mark {MARK}");
        for step in steps {
            let output = server.run(&step.command);
            if let Some(answer) = &step.answer {
                assert_eq!(fields(&output), fields(answer), "{name}: {}", step.command);
            }
        }
    }
}

#[test]
fn both_languages_show_the_same_blocks_and_proofs() {
    let [english, chinese] = PAGES.map(page);
    assert_eq!(steps(&english), steps(&chinese));
    let fences = |page: &str| page.split("```").skip(1).step_by(2).map(str::to_owned).collect();
    let (left, right): (Vec<String>, Vec<String>) = (fences(&english), fences(&chinese));
    assert_eq!(left, right);
    assert_eq!(proofs(&english), proofs(&chinese));
    let links = |page: &str| page.matches("](").count();
    assert_eq!(links(&english), links(&chinese));
}

#[test]
fn the_two_commands_stand_in_the_first_screen() {
    for name in PAGES {
        let first_screen: Vec<String> = page(name).lines().take(24).map(str::to_owned).collect();
        for line in ["git clone YOUR-GIT-HOST/magpie.git && cd magpie", "make run"] {
            assert!(first_screen.iter().any(|found| found == line), "{name}: {line}");
        }
    }
}

/// The tests that the table of promises names.
fn proofs(page: &str) -> BTreeSet<String> {
    let section = page.split("\n## ").find(|part| part.contains("| **")).unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| **"));
    let cells = rows.filter_map(|row| row.trim_end_matches(['|', ' ']).rsplit_once(" | "));
    cells
        .flat_map(|(_, proof)| proof.split('`').skip(1).step_by(2))
        .filter(|name| !name.starts_with("make "))
        .map(str::to_owned)
        .collect()
}

fn sources(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "ts") {
            into.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_test_that_the_readme_names_exists() {
    let mut text = String::new();
    sources(&root().join("crates"), &mut text);
    for tests in ["web/test", "sdk/js/test"] {
        sources(&root().join(tests), &mut text);
    }
    let named = proofs(&page(PAGES[0]));
    assert!(named.len() >= 10, "{named:?}");
    for name in named {
        let there = text.contains(&format!("fn {name}(")) || text.contains(&format!("it('{name}'"));
        assert!(there, "the README names a test that is not there: {name}");
    }
}

#[test]
fn the_versions_in_the_readme_are_those_that_the_build_asks_for() {
    let manifest = page("Cargo.toml");
    let rust = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap();
    let setup = page("scripts/setup.sh");
    let node = setup.lines().find_map(|line| line.trim().strip_prefix("want=2")).unwrap();
    let node = format!("2{}", node.split_whitespace().next().unwrap());
    for name in PAGES {
        let text = page(name);
        for tool in [format!("Rust {}", rust.trim_matches('"')), format!("Node {node}")] {
            assert!(text.contains(&tool), "{name} does not name {tool}");
        }
    }
}

#[test]
fn every_metric_is_explained_to_operators() {
    let mut text = String::new();
    for member in fs::read_dir(root().join("crates")).unwrap() {
        sources(&member.unwrap().path().join("src"), &mut text);
    }
    let metrics: BTreeSet<_> = text
        .split("metrics::")
        .skip(1)
        .filter(|call| ["counter!", "gauge!", "histogram!"].iter().any(|m| call.starts_with(m)))
        .filter_map(|call| call.split('"').nth(1))
        .collect();
    assert!(metrics.contains("magpie_connections"), "{metrics:?}");
    let operations = page("docs/operations.md");
    for metric in metrics {
        let row = format!("| `{metric}`");
        assert!(operations.contains(&row), "docs/operations.md does not explain {metric}");
    }
}

#[test]
fn a_token_made_as_the_security_page_shows_is_taken() {
    let security = page("docs/security.md");
    let (_, from) = security.split_once("```js\n").unwrap();
    let (code, _) = from.split_once("\n```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("signing.key");
    fs::write(&secret, "a-secret-that-only-backends-have-0123\n").unwrap();
    let made = Command::new("node")
        .args(["--input-type=module", "-e"])
        .arg(format!("{code}\nconsole.log(token('小明'))"))
        .env("MAGPIE_SECRET_FILE", &secret)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let token = String::from_utf8(made.stdout).unwrap();
    let judged = Command::new(program())
        .args(["token", "inspect", token.trim(), "--data"])
        .arg(folder.path())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let judgement = String::from_utf8(judged.stdout).unwrap();
    assert!(judgement.contains("taken: user \"小明\""), "{judgement}");
}
