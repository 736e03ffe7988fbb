//! The steps of `make test`, in order: the only place that lists them.
//! Cheap ones first; the page before everything that embeds it; one release build for all.

/// One named step.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: &'static str,
    /// What a reader knows once it has passed.
    pub(super) proves: &'static str,
    pub(super) action: Action,
}

/// What a step does.
#[derive(Debug)]
pub(super) enum Action {
    /// A command in a folder of the repository.
    Run { dir: &'static str, command: &'static [&'static str] },
    /// `cargo xtask tidy`.
    Tidy,
    /// `cargo xtask supply`.
    Supply,
    /// `cargo xtask ratchet`.
    Ratchet,
    /// Tests inside the crates.
    UnitTests,
    /// The files `tests/*.rs` of all crates: the fuzz targets, or the others.
    TestTargets { fuzz: bool },
}

/// `make run`, `make bench` and the black-box tests use this very build.
pub(super) const RELEASE_BUILD: &[&str] =
    &["cargo", "build", "--release", "-p", "magpie-server", "--locked"];

/// The step with that build, and those that test its binary.
pub(super) const RELEASE_STEP: &str = "release";
pub(super) const BINARY_USERS: &[&str] = &["black-box", "sdk-server", "web-e2e"];

/// Always the whole workspace: choosing packages would change the features of shared
/// dependencies and compile them once more.
pub(super) const UNIT_TESTS: &[&str] =
    &["cargo", "test", "--workspace", "--locked", "--lib", "--bins", "--no-fail-fast"];

/// The same tests with the nicer runner.
pub(super) const UNIT_TESTS_NEXTEST: &[&str] = &[
    "cargo",
    "nextest",
    "run",
    "--workspace",
    "--locked",
    "--lib",
    "--bins",
    "--no-fail-fast",
    "--no-tests",
    "fail",
];

/// The feature of object stores, off in what we build for others.
const S3: &str = "magpie-server/s3";

const fn run(name: &'static str, proves: &'static str, command: &'static [&'static str]) -> Step {
    Step { name, proves, action: Action::Run { dir: ".", command } }
}

const fn sdk(name: &'static str, proves: &'static str, command: &'static [&'static str]) -> Step {
    Step { name, proves, action: Action::Run { dir: "sdk/js", command } }
}

const fn web(name: &'static str, proves: &'static str, command: &'static [&'static str]) -> Step {
    Step { name, proves, action: Action::Run { dir: "web", command } }
}

pub(super) const STEPS: &[Step] = &[
    run("fmt", "Rust is formatted", &["cargo", "fmt", "--all", "--check"]),
    Step { name: "tidy", proves: "the house rules hold", action: Action::Tidy },
    Step {
        name: "supply",
        proves: "dependencies have allowed licences, sources and versions",
        action: Action::Supply,
    },
    sdk("sdk-install", "the SDK's lock file installs", &["npm", "ci", "--no-audit", "--no-fund"]),
    sdk("sdk-lint", "the SDK follows its lint rules", &["npm", "run", "lint"]),
    sdk("sdk-types", "the SDK's types agree", &["npm", "run", "typecheck"]),
    sdk("sdk-test", "the SDK keeps its promises on a fake line and clock", &["npm", "test"]),
    sdk("sdk-build", "the SDK builds for every platform", &["npm", "run", "build"]),
    sdk("sdk-size", "the SDK's core stays below 15 KiB", &["npm", "run", "size"]),
    web("web-install", "the page's lock file installs", &["npm", "ci", "--no-audit", "--no-fund"]),
    web("web-lint", "the page follows its lint rules", &["npm", "run", "lint"]),
    web("web-types", "the page's types agree", &["npm", "run", "typecheck"]),
    web("web-test", "the page's own tests pass", &["npm", "test"]),
    web("web-build", "the page builds", &["npm", "run", "build"]),
    web("web-size", "the first load stays below 150 KiB", &["npm", "run", "size"]),
    run(
        "clippy",
        "no lint is broken",
        &[
            "cargo",
            "clippy",
            "--workspace",
            "--all-targets",
            "--features",
            S3,
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
    ),
    Step { name: "unit", proves: "tests inside the crates pass", action: Action::UnitTests },
    run(
        "doc",
        "examples in the docs compile",
        &["cargo", "test", "--workspace", "--locked", "--doc"],
    ),
    Step {
        name: "fuzz",
        proves: "decoders survive their mutated corpus",
        action: Action::TestTargets { fuzz: true },
    },
    run(RELEASE_STEP, "the release binary builds", RELEASE_BUILD),
    // After the release build, which leaves it little to build.
    Step {
        name: "ratchet",
        proves: "a message takes no more instructions than blessed",
        action: Action::Ratchet,
    },
    // One test binary after the other, also where nextest is installed: these load two
    // cores by themselves, and side by side they would only measure each other.
    Step {
        name: "black-box",
        proves: "promises hold on real sockets and the release binary",
        action: Action::TestTargets { fuzz: false },
    },
    // The whole workspace again, so that only what the feature changes is compiled once more.
    run(
        "s3",
        "files in an object store keep what a directory keeps, on a real S3 server",
        &[
            "cargo",
            "test",
            "--workspace",
            "--locked",
            "--features",
            S3,
            "--test",
            "blobs",
            "--test",
            "s3",
            "--no-fail-fast",
        ],
    ),
    sdk(
        "sdk-server",
        "the SDK and its quick start work with the release binary",
        &["npm", "run", "test:server"],
    ),
    web(
        "web-e2e",
        "two people chat in a browser against the release binary",
        &["npm", "run", "e2e"],
    ),
];
