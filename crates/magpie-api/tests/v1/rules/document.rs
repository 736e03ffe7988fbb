//! Router and document are the same list of operations.

use std::{collections::BTreeSet, fs, path::Path};

use super::samples;
use crate::world::contract;

#[tokio::test]
async fn every_documented_operation_can_be_called() {
    for sample in samples::all() {
        let world = samples::world().await;
        let answer = samples::send(&world, &sample, Some(&sample.credential(&world))).await;
        assert_eq!(answer.status, sample.status, "{}: {}", sample.operation.id, answer.text);
    }
}

/// The files below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn every_route_of_the_router_is_documented() {
    // The router prints its paths; the pages are the only ones that are not operations.
    let world = crate::world::World::new();
    let printed = world.printed_router();
    let paths: BTreeSet<String> =
        printed.split('"').filter(|text| text.starts_with('/')).map(str::to_owned).collect();
    assert!(paths.len() > 20, "the router prints otherwise now: {printed}");
    let documented: BTreeSet<String> =
        contract::DOCUMENT["paths"].as_object().unwrap().keys().cloned().collect();
    // The fallback serves the page, and answers 404 in the one shape.
    let fallback = ["/", "/{*__private__axum_fallback}"];
    let extra: Vec<_> = paths
        .difference(&documented)
        .map(String::as_str)
        .filter(|path| !fallback.contains(path))
        .collect();
    assert_eq!(extra, ["/docs", "/docs/", "/docs/{*file}"]);
    assert!(documented.is_subset(&paths), "documented, not routed: {documented:?} {paths:?}");
}

#[test]
fn every_handler_is_mounted_and_has_a_file_a_curl_example_and_a_test_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut described = 0;
    for file in files(&root.join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        let count = text.matches("#[utoipa::path(").count();
        described += count;
        let operation = file.starts_with(root.join("src/v1")) && count > 0;
        if operation {
            assert_eq!(count, 1, "{} holds more than one operation", file.display());
            let test = root.join("tests/v1").join(file.strip_prefix(root.join("src/v1")).unwrap());
            assert!(test.is_file(), "{} has no test file {}", file.display(), test.display());
        }
    }
    let operations = contract::operations();
    assert_eq!(described, operations.len(), "a described handler is not mounted");
    for operation in operations {
        let text = operation.value["description"].as_str().unwrap_or_default();
        assert!(text.contains("curl "), "{} has no example", operation.id);
    }
}

#[test]
fn every_reference_in_the_document_leads_somewhere() {
    let text = magpie_api::document();
    for part in text.split("\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(contract::DOCUMENT["components"]["schemas"].get(name).is_some(), "{name}");
    }
}
