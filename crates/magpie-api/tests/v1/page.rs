//! The embedded pages: `/`, its files, and `/docs`.

use crate::world::World;

#[tokio::test]
async fn the_page_comes_with_a_tag_and_is_not_sent_twice() {
    let world = World::new();
    let page = world.call("GET", "/").send().await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cache-control"), "no-cache");
    assert!(page.text.starts_with("<!doctype html>"));
    let tag = page.header("etag").to_owned();
    for list in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let again = world.call("GET", "/").header("if-none-match", &list).send().await;
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{list}");
        assert_eq!(again.header("etag"), tag);
    }
    let other = world.call("GET", "/").header("if-none-match", "\"other\"").send().await;
    assert_eq!(other.status, 200);
    assert_eq!(world.call("GET", "/index.html").send().await.text, page.text);
}

#[tokio::test]
async fn no_page_runs_inline_scripts_or_stands_in_a_frame() {
    let world = World::new();
    for path in ["/", "/docs/", "/docs/swagger-ui.css", "/docs/swagger-initializer.js"] {
        let answer = world.call("GET", path).send().await;
        assert_eq!(answer.status, 200, "{path}");
        let policy = answer.header("content-security-policy");
        let scripts = policy.split(';').find(|part| part.trim().starts_with("script-src"));
        assert_eq!(scripts.unwrap().trim(), "script-src 'self'", "{path}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    }
    let page = world.call("GET", "/").send().await;
    assert!(!page.header("content-security-policy").contains("unsafe"));
}

#[tokio::test]
async fn the_docs_page_is_bundled_and_asks_no_other_server() {
    let world = World::new();
    let root = world.call("GET", "/docs").send().await;
    assert_eq!((root.status, root.header("location")), (308, "docs/"));
    let index = world.call("GET", "/docs/").send().await;
    assert_eq!(index.header("content-type"), "text/html; charset=utf-8");
    for attribute in ["src=\"", "href=\""] {
        for part in index.text.split(attribute).skip(1) {
            let target = part.split('"').next().unwrap();
            assert!(!target.contains("//"), "{target}");
            let file = world.call("GET", &format!("/docs/{}", target.trim_start_matches("./")));
            assert_eq!(file.send().await.status, 200, "{target}");
        }
    }
    let start = world.call("GET", "/docs/swagger-initializer.js").send().await;
    assert!(start.text.contains("../openapi.json"), "{}", start.text);
    assert!(start.text.contains("\"validatorUrl\": \"none\""), "{}", start.text);
    assert_eq!(world.call("GET", "/docs/nothing.js").send().await.code(), "not_found");
}

#[tokio::test]
async fn a_head_request_has_the_headers_of_the_page_and_no_body() {
    let world = World::new();
    let head = world.call("HEAD", "/").send().await;
    assert_eq!((head.status, head.header("content-type")), (200, "text/html; charset=utf-8"));
}

#[tokio::test]
async fn what_the_page_asks_for_is_there_and_hashed_files_are_kept_for_ever() {
    let world = World::new();
    let page = world.call("GET", "/").send().await;
    for attribute in ["src=\"", "href=\""] {
        for part in page.text.split(attribute).skip(1) {
            let target = part.split('"').next().unwrap().trim_start_matches("./");
            let file = world.call("GET", &format!("/{target}")).send().await;
            assert_eq!(file.status, 200, "{target}");
            let forever = file.header("cache-control").contains("immutable");
            assert_eq!(forever, target.starts_with("assets/"), "{target}");
        }
    }
}
