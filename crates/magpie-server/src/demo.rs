//! Demo users and conversations for `magpie serve --demo` and `magpie demo`. Only data: whoever
//! seeds does the writes. Seeding twice changes nothing, because every message has a fixed key.

use magpie_core::{
    Role,
    port::{
        Ids,
        store::{Append, Guard, Op, Place, UserPatch},
    },
};
use magpie_proto::{Body, ConversationId, IdError, UserId, client::Change};

/// A demo user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoUser {
    /// Id; also the name of an old client's user.
    pub id: &'static str,
    /// Name shown to others.
    pub name: &'static str,
    /// Role.
    pub role: Role,
}

const fn person(id: &'static str, name: &'static str) -> DemoUser {
    DemoUser { id, name, role: Role::User }
}

/// Everybody in the demo: users of each old protocol, and an agent.
pub const USERS: [DemoUser; 8] = [
    person("小明", "小明"),
    person("翠花", "翠花"),
    person("oDemoBuyer", "买家小李"),
    person("oDemoSeller", "卖家老王"),
    person("A", "Alice"),
    person("B", "Bob"),
    person("17", "车主 17"),
    DemoUser { id: "agent", name: "人工客服", role: Role::Agent },
];

/// A conversation: the two ids and the texts; a leading `>` is the first speaking, `<` the second.
/// `read` messages are marked read by both, and what came before one's own last line.
struct Talk {
    first: &'static str,
    second: &'static str,
    desk: bool,
    read: u64,
    lines: &'static [&'static str],
}

const TALKS: [Talk; 5] = [
    Talk {
        first: "小明",
        second: "翠花",
        desk: false,
        read: 18,
        lines: &[
            ">翠花，在吗？",
            "<在呢，怎么啦",
            ">周末去爬山吗？",
            "<好呀！去哪座？",
            ">香山吧，红叶正好",
            "<几点出发？",
            ">早上八点，地铁站见",
            "<行，我带早饭 🥟",
            ">那我带水和水果",
            "<别忘了充电宝",
            ">记下了",
            "<要不要叫上小李？",
            ">他说他周末加班 😂",
            "<太惨了",
            ">改天请他吃饭",
            "<山上冷，多穿点",
            ">你也是",
            "<好的，周六见！",
            ">周六见 👋",
            "<对了，天气预报说可能下雨",
        ],
    },
    Talk {
        first: "oDemoBuyer",
        second: "oDemoSeller",
        desk: false,
        read: 8,
        lines: &[
            ">你好，自行车还在吗？",
            "<在的，九成新",
            ">能便宜点吗？",
            "<最低 350",
            ">可以看看细节图吗？",
            "<晚上回家拍给你",
            ">好的，不急",
            "<车锁也一起送你",
            ">太好了，在哪里交易？",
            "<南门可以吗？",
            ">可以，明天下午五点",
            "<没问题",
        ],
    },
    Talk {
        first: "A",
        second: "B",
        desk: false,
        read: 6,
        lines: &[
            ">Hi Bob, did the build pass?",
            "<All green this time 🎉",
            ">Great, I'll tag the release",
            "<Wait, the changelog is missing one line",
            ">Which one?",
            "<The new page for operators",
            ">Added. Have another look?",
            "<Looks good to me",
        ],
    },
    Talk {
        first: "小明",
        second: "A",
        desk: false,
        read: 4,
        lines: &[
            ">Alice，文档翻译好了吗？",
            "<Almost, the last page is left",
            ">需要帮忙吗？",
            "<Could you check the terms?",
            ">没问题，发我吧",
            "<Sent, thank you!",
        ],
    },
    Talk {
        first: "17",
        second: "agent",
        desk: true,
        read: 4,
        lines: &[
            ">您好，我的洗车次数没到账",
            "<您好，请问是哪个门店？",
            ">二号店，刚付的款",
            "<稍等，我帮您查一下",
            "<已经到账了，剩余次数: 5",
            ">看到了，谢谢！",
            "<不客气，祝您用车愉快",
            ">再见",
        ],
    },
];

/// How long ago the demo conversations took place.
const AGE_MS: u64 = 2 * 3_600_000;
const STEP_MS: u64 = 60_000;

/// The writes that make the demo.
///
/// # Errors
/// Never: the ids are fixed and a test reads them.
pub fn seed(now_ms: u64, ids: &dyn Ids) -> Result<Vec<Op>, IdError> {
    let mut ops = Vec::new();
    for user in &USERS {
        ops.push(Op::PutUser(UserPatch {
            id: UserId::parse(user.id)?,
            name: Some(user.name.to_owned()),
            avatar: None,
            role: Some(user.role),
            banned: Some(false),
            now_ms,
        }));
    }
    for (number, talk) in TALKS.iter().enumerate() {
        ops.extend(talk.ops(number, now_ms, ids)?);
    }
    Ok(ops)
}

/// The writes that take the demo away: its users are refused, its conversations cleared on both
/// sides. Rows are never deleted, so the ids stay taken.
///
/// # Errors
/// Never: the ids are fixed and a test reads them.
pub fn remove(now_ms: u64) -> Result<Vec<Op>, IdError> {
    let mut ops = Vec::new();
    for talk in &TALKS {
        let (first, second) = (UserId::parse(talk.first)?, UserId::parse(talk.second)?);
        let conversation = talk.conversation(&first, &second);
        for user in [first, second] {
            ops.push(Op::Set { user, conversation, change: Change::Delete });
        }
    }
    for user in &USERS {
        ops.push(Op::PutUser(UserPatch {
            id: UserId::parse(user.id)?,
            name: None,
            avatar: None,
            role: None,
            banned: Some(true),
            now_ms,
        }));
    }
    Ok(ops)
}

impl Talk {
    fn conversation(&self, first: &UserId, second: &UserId) -> ConversationId {
        if self.desk { ConversationId::desk(first) } else { ConversationId::direct(first, second) }
    }

    /// Who wrote has read what came before it.
    fn last_line_of(&self, mark: char) -> u64 {
        let own = (1_u64..).zip(self.lines).filter(|(_, line)| line.starts_with(mark));
        own.map(|(seq, _)| seq).max().unwrap_or(0)
    }

    fn ops(&self, number: usize, now_ms: u64, ids: &dyn Ids) -> Result<Vec<Op>, IdError> {
        let (first, second) = (UserId::parse(self.first)?, UserId::parse(self.second)?);
        let mut ops = Vec::new();
        let started_ms = now_ms.saturating_sub(AGE_MS);
        for (index, line) in (0_u64..).zip(self.lines) {
            let sent_ms = started_ms + index * STEP_MS;
            let (sender, other) =
                if line.starts_with('>') { (&first, &second) } else { (&second, &first) };
            let place =
                if self.desk { Place::Desk(first.clone()) } else { Place::Direct(other.clone()) };
            ops.push(Op::Append(Append {
                place,
                sender: sender.clone(),
                client_msg_id: Some(format!("demo-{number}-{index}").into()),
                body: Body::text(line.trim_start_matches(['<', '>'])),
                id: ids.message_id(sent_ms),
                sent_ms,
                guard: Guard::default(),
            }));
        }
        let conversation = self.conversation(&first, &second);
        for (user, mark) in [(first, '>'), (second, '<')] {
            let seq = self.read.max(self.last_line_of(mark));
            ops.push(Op::Read { user, conversation, seq });
        }
        Ok(ops)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::ids::RandomIds;

    #[test]
    fn the_demo_has_its_users_and_messages_and_can_be_taken_away() {
        let ops = seed(1_700_000_000_000, &RandomIds::new().unwrap()).unwrap();
        let count = |wanted: fn(&Op) -> bool| ops.iter().filter(|op| wanted(op)).count();
        assert_eq!(count(|op| matches!(op, Op::PutUser(_))), 8);
        assert!(count(|op| matches!(op, Op::Append(_))) >= 50);
        assert_eq!(remove(1_700_000_000_000).unwrap().len(), 18);
    }

    #[test]
    fn every_line_has_a_speaker_and_only_known_users_talk() {
        for talk in &TALKS {
            assert!(talk.lines.iter().all(|line| line.starts_with(['<', '>'])));
            assert!(talk.read <= talk.lines.len() as u64);
            for id in [talk.first, talk.second] {
                assert!(USERS.iter().any(|user| user.id == id), "{id}");
            }
        }
    }
}
