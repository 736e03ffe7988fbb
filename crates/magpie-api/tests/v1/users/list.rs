//! `GET /v1/users`

use crate::world::World;

#[tokio::test]
async fn users_come_in_pages_that_end() {
    let world = World::new();
    let (mut path, mut names) = ("/v1/users?limit=3".to_owned(), Vec::new());
    loop {
        let page = world.get(&path).await.ok();
        let users = page["users"].as_array().unwrap().iter();
        names.extend(users.map(|user| user["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/users?limit=3&after={}", next.replace("小明", "%E5%B0%8F%E6%98%8E"));
    }
    assert_eq!(names, ["17", "agent", "小明", "翠花"]);
}
