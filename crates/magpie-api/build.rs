//! Picks the web page that goes into the binary: the built one, or a placeholder that says how to
//! build it, so that the server compiles without Node.

use std::{env, fs, io, path::Path};

const PLACEHOLDER: &str = "<!doctype html>
<html lang=\"en\">
<head><meta charset=\"utf-8\"><title>Magpie</title></head>
<body>
<h1>Magpie</h1>
<p>This binary was built without its web page. Run <code>make build</code>, or look at
<a href=\"docs/\">the API</a>.</p>
</body>
</html>
";

fn main() -> io::Result<()> {
    let here = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let dist = Path::new(&here).join("../../web/dist");
    let index = dist.join("index.html");
    let page = if index.is_file() {
        emit(&format!("rerun-if-changed={}", dist.display()));
        dist
    } else {
        // A path that does not exist makes cargo ask again at the next build.
        emit(&format!("rerun-if-changed={}", index.display()));
        let made = Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("page");
        fs::create_dir_all(&made)?;
        fs::write(made.join("index.html"), PLACEHOLDER)?;
        made
    };
    emit(&format!("rustc-env=MAGPIE_WEB_PAGE={}", page.display()));
    Ok(())
}

#[allow(clippy::print_stdout, reason = "this is how a build script talks to cargo")]
fn emit(directive: &str) {
    println!("cargo::{directive}");
}
