//! The customer-service desk: every agent hears the visitor, the answer reaches him.

use magpie_client::{Ack, Options, Target};
use serde_json::json;

use crate::common::{Session, TestServer, body, within};

async fn agent(server: &TestServer, name: &str) -> Session {
    let token = server.token_with(json!({"user": name, "role": "agent"})).await;
    Session::open(Options::new(server.url(), token).device("desk")).await
}

async fn ask(visitor: &Session, text: &str) -> Ack {
    let content = body(text);
    within("ack", visitor.client.send(Target::Desk, &content, None)).await.unwrap()
}

#[tokio::test]
async fn a_visitors_question_reaches_all_agents_and_an_agents_answer_reaches_the_visitor() {
    let server = TestServer::start();
    let mut visitor = server.user("visitor").await;
    let mut ann = agent(&server, "ann").await;
    let mut ben = agent(&server, "ben").await;
    let question = ask(&visitor, "where is my parcel?").await;
    for session in [&mut ann, &mut ben] {
        let heard = session.message().await;
        assert_eq!((heard.c.as_str(), heard.from.as_str()), (question.c.as_str(), "visitor"));
    }
    let target = Target::Conversation(&question.c);
    let content = body("on its way");
    ann.client.send(target, &content, None).await.unwrap();
    let answer = visitor.message().await;
    assert_eq!((answer.seq, answer.from.as_str(), answer.c.clone()), (2, "ann", question.c));
    assert_eq!(ben.message().await.seq, 2, "the other agents see it answered");
}

#[tokio::test]
async fn an_agent_who_comes_later_finds_the_question_in_his_list() {
    let server = TestServer::start();
    let visitor = server.user("visitor").await;
    let question = ask(&visitor, "anybody there?").await;
    let ann = agent(&server, "ann").await;
    let changed = ann.changed();
    assert_eq!((changed.len(), changed[0].kind.as_str()), (1, "desk"));
    assert_eq!((changed[0].c.as_str(), changed[0].unread), (question.c.as_str(), 1));
    assert_eq!(changed[0].peer.as_ref().unwrap().id, "visitor");
    // Another visitor sees nothing of it.
    let other = server.user("other").await;
    assert!(other.changed().is_empty());
    let refused = other.client.unread(&question.c).await.unwrap_err();
    assert_eq!(refused.code(), Some("unknown_conversation"));
}
