//! Bodies and addresses out of a seeded mutator: whatever comes in, the answer is one that the
//! document declares, never a fault of the server, and the next caller is served.

use magpie_testkit::mutator::Mutator;

use super::samples;
use crate::world::ROOT;

const ROUNDS: usize = 300;

#[tokio::test]
async fn changed_bodies_never_bring_an_operation_down() {
    let world = samples::world().await;
    for (index, sample) in samples::all().iter().enumerate() {
        let Some(body) = &sample.body else { continue };
        let corpus = vec![
            body.to_string().into_bytes(),
            br#"{"user":"a","data":[1e5,"\ud83d\ude00",null],"body":{"k":"x","x":"\\u0000"}}"#
                .to_vec(),
        ];
        let mut mutator = Mutator::new(index as u64, corpus, 4_096);
        for _ in 0..ROUNDS {
            let call = world
                .call(&sample.operation.method, &sample.path)
                .bearer(&sample.credential(&world))
                .body("");
            let answer = call.raw_body(mutator.next_input()).send().await;
            assert!(answer.status < 500, "{}: {}", sample.operation.id, answer.text);
        }
    }
    assert_eq!(world.get("/v1/users").await.status, 200);
}

#[tokio::test]
async fn changed_addresses_never_bring_an_operation_down() {
    let world = samples::world().await;
    let corpus: Vec<_> = samples::all()
        .iter()
        .map(|sample| format!("{}?limit=5&after=1&before=2&peek=true", sample.path).into_bytes())
        .collect();
    let mut mutator = Mutator::new(7, corpus, 512);
    let mut served = 0;
    for _ in 0..ROUNDS * 10 {
        // What is no address at all never gets past the HTTP parser in front of the router.
        let bytes: Vec<_> = mutator.next_input().into_iter().filter(u8::is_ascii_graphic).collect();
        let text = String::from_utf8(bytes).unwrap();
        let text = format!("/{}", text.trim_start_matches('/'));
        if text.contains("wait_s") || text.parse::<axum::http::Uri>().is_err() {
            continue;
        }
        let answer = world.call("GET", &text).bearer(ROOT).send().await;
        assert!(answer.status < 500, "{text}: {}", answer.text);
        served += 1;
    }
    assert!(served > ROUNDS, "only {served} of the addresses were tried");
}
