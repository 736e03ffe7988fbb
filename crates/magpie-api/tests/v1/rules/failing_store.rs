//! A store that refuses: every operation answers in the one shape, with a status that says whether
//! to come again, and never with the store's own words.

use magpie_core::port::store::StoreError;

use super::samples;

#[tokio::test]
async fn every_operation_survives_a_store_that_refuses() {
    let faults = [
        (StoreError::Fault("table secrets at /var/lib is broken".into()), "internal"),
        (StoreError::Unavailable("read-only /var/lib".into()), "storage_unavailable"),
        (StoreError::Overloaded, "overloaded"),
    ];
    for (fault, code) in faults {
        for sample in samples::all() {
            let world = samples::world().await;
            world.store.fail(fault.clone());
            let answer = samples::send(&world, &sample, Some(&sample.credential(&world))).await;
            if answer.status >= 400 {
                assert_eq!(answer.code(), code, "{}", sample.operation.id);
                assert!(!answer.text.contains("/var/lib"), "{}", answer.text);
                assert_ne!(answer.json["error"]["retry"], "never", "{}", answer.text);
            } else {
                let name = sample.operation.id.as_str();
                let storeless = [
                    "create_token",
                    "create_dialect_link",
                    "kick_user",
                    "list_presence",
                    "create_broadcast",
                    "get_upload",
                    "put_upload",
                    "post_upload",
                    "delete_upload",
                    "get_info",
                    "healthz",
                    "metrics",
                    "openapi",
                ];
                // A batch says it item by item.
                let of_item = &answer.json["results"][0]["error"]["code"];
                assert!(storeless.contains(&name) || of_item == code, "{name} hides {code}");
                assert!(!answer.text.contains("/var/lib"), "{}", answer.text);
            }
        }
    }
}

#[tokio::test]
async fn a_full_disk_stops_writes_and_is_named() {
    let writes = [
        "put_user",
        "send_message",
        "create_push",
        "read_conversation",
        "put_block",
        "delete_block",
        "delete_conversation",
        "ban_user",
        "unban_user",
        "create_media",
        "complete_media",
    ];
    for sample in samples::all().iter().filter(|s| writes.contains(&s.operation.id.as_str())) {
        let world = samples::world().await;
        world.store.fail(StoreError::Full);
        let answer = samples::send(&world, sample, Some(&sample.credential(&world))).await;
        assert_eq!(
            (answer.status, answer.code()),
            (507, "storage_full"),
            "{}",
            sample.operation.id
        );
    }
}
