//! The schema and the golden frames hold each other: every golden frame fits its table, every type
//! of the tables has a golden frame, and every field of them is shown at least once.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use magpie_proto::schema::{self, Frame, Told};
use serde_json::{Value, json};

/// Types whose golden frames are still to come. One that has come must leave this list.
const NO_GOLDEN_FRAME_YET: &[&str] = &[];

/// Every golden frame of this crate and of the gateway: side, name, frame.
fn golden() -> Vec<(&'static str, String, Value)> {
    let mut found = Vec::new();
    for (side, folder) in [
        ("client", "golden/v1/client"),
        ("server", "golden/v1/server"),
        ("server", "../magpie-gateway/golden/v1/server"),
    ] {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let frame = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            found.push((side, name, frame));
        }
    }
    found
}

fn frames(side: &str) -> Vec<Frame> {
    if side == "client" { schema::client_frames() } else { schema::server_frames() }
}

fn frame_of(side: &str, t: &str) -> Frame {
    let found = frames(side).into_iter().find(|frame| frame.t == t);
    found.unwrap_or_else(|| panic!("the schema has no {side} frame {t:?}"))
}

#[test]
fn every_golden_frame_fits_the_schema() {
    for (side, name, value) in golden() {
        let frame = frame_of(side, value["t"].as_str().unwrap());
        schema::validate(&frame, &value).unwrap_or_else(|e| panic!("{side}/{name}: {e}"));
    }
}

#[test]
fn every_frame_of_the_schema_has_a_golden_frame() {
    let shown: BTreeSet<String> = golden()
        .into_iter()
        .map(|(side, _, value)| format!("{side}/{}", value["t"].as_str().unwrap()))
        .collect();
    for side in ["client", "server"] {
        for frame in frames(side) {
            let name = format!("{side}/{}", frame.t);
            let waits = NO_GOLDEN_FRAME_YET.contains(&name.as_str());
            assert_ne!(shown.contains(&name), waits, "{name}");
        }
    }
}

#[test]
fn every_own_field_of_a_frame_is_shown_by_a_golden_frame() {
    let all = golden();
    for side in ["client", "server"] {
        for frame in frames(side) {
            let name = format!("{side}/{}", frame.t);
            if NO_GOLDEN_FRAME_YET.contains(&name.as_str()) {
                continue;
            }
            let of_type = |one: &&(&str, String, Value)| one.0 == side && one.2["t"] == frame.t;
            for field in frame.fields {
                let shown = all.iter().filter(of_type).any(|one| one.2.get(field.name).is_some());
                assert!(shown, "no golden frame shows {name}.{}", field.name);
            }
        }
    }
}

/// Every way to damage a frame is noticed; so the tests above say something.
#[test]
fn a_frame_that_does_not_fit_is_refused_with_the_place() {
    let ack = |change: &dyn Fn(&mut Value)| {
        let mut value = json!({ "t": "ack", "r": 5, "c": "1dc8", "id": "0193", "seq": 1, "ts": 2 });
        change(&mut value);
        schema::validate(&frame_of("server", "ack"), &value)
    };
    assert_eq!(ack(&|_| {}), Ok(()));
    assert!(
        ack(&|v| v["later"] = json!(1)).unwrap_err().contains("\"later\" is not in the schema")
    );
    assert!(ack(&|v| v["seq"] = json!("1")).unwrap_err().contains("ack.seq"));
    assert!(ack(&|v| v["seq"] = json!(1.5)).unwrap_err().contains("ack.seq"));
    assert!(ack(&|v| v["dup"] = Value::Null).unwrap_err().contains("ack.dup"));
    assert!(
        ack(&|v| drop(v.as_object_mut().unwrap().remove("id"))).unwrap_err().contains("\"id\"")
    );
    assert!(ack(&|v| v["t"] = json!("ok")).is_err());
    for frame in schema::server_frames().iter().filter(|frame| frame.told == Told::Durable) {
        let event = json!({ "t": frame.t, "r": 1 });
        assert!(schema::validate(frame, &event).unwrap_err().contains("no \"r\""));
    }
    let change = frame_of("server", "msg.change");
    let item = json!({ "from": 1, "to": 1, "gone": "lost" });
    let value = json!({
        "t": "msg.change", "c": "1", "rev": 1, "seq": 1, "kind": "edit", "by": "a", "ts": 1, "item": item,
    });
    assert!(schema::validate(&change, &value).unwrap_err().contains("item.gone"));
}

#[test]
fn the_names_of_frames_shapes_and_fields_are_unique() {
    let unique = |names: Vec<String>| {
        let set: BTreeSet<&String> = names.iter().collect();
        assert_eq!(set.len(), names.len(), "{names:?}");
    };
    unique(schema::shapes().iter().map(|shape| shape.name.to_owned()).collect());
    for side in ["client", "server"] {
        unique(frames(side).iter().map(|frame| frame.t.to_owned()).collect());
        for frame in frames(side) {
            unique(frame.fields.iter().map(|field| field.name.to_owned()).collect());
        }
    }
}

#[test]
fn the_types_name_every_frame_and_every_code() {
    let text = schema::typescript();
    for side in ["client", "server"] {
        for frame in frames(side) {
            assert!(text.contains(frame.t), "{}", frame.t);
        }
    }
    for code in magpie_proto::ErrorCode::ALL {
        assert!(text.contains(&format!("  {}: {{ retry: ", code.as_str())), "{}", code.as_str());
    }
    for code in magpie_proto::CloseCode::ALL {
        assert!(text.contains(&format!("[{}, ", code.number())), "{}", code.number());
    }
}
