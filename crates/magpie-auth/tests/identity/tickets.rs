//! Tickets for files: one purpose, one file, one end.

use magpie_auth::{Purpose, SigningSecret, TicketError, Tickets};
use magpie_proto::MediaId;

const NOW_MS: u64 = 1_700_000_000_000;
const EXP_S: u64 = 1_700_000_600;

fn tickets(secret: &str) -> Tickets {
    Tickets::new(SigningSecret::from_text("test", secret).unwrap())
}

#[test]
fn a_ticket_opens_one_thing_until_its_end_and_nothing_else() {
    let ours = tickets("test-secret-of-tickets-0123456789-abc");
    let id = MediaId::from_bytes([7; 16]);
    let query = ours.sign(Purpose::File, id, EXP_S);
    let sig = query.split("sig=").nth(1).unwrap();
    let exp = EXP_S.to_string();
    let verify = |purpose, id, exp: &str, sig: &str, now_ms| {
        ours.verify(purpose, id, (exp, sig), now_ms).err()
    };
    assert_eq!(query, format!("exp={exp}&sig={sig}"));
    assert_eq!(verify(Purpose::File, id, &exp, sig, NOW_MS), None);
    let bad = Some(TicketError::BadSignature);
    for other in [Purpose::Thumb, Purpose::Content, Purpose::Complete] {
        assert_eq!(verify(other, id, &exp, sig, NOW_MS), bad, "{other:?}");
    }
    assert_eq!(verify(Purpose::File, MediaId::from_bytes([8; 16]), &exp, sig, NOW_MS), bad);
    assert_eq!(verify(Purpose::File, id, "1700000601", sig, NOW_MS), bad);
    assert_eq!(verify(Purpose::File, id, &exp, &sig[..40], NOW_MS), bad);
    assert_eq!(verify(Purpose::File, id, &exp, "", NOW_MS), bad);
    for exp in ["", "+1700000600", "01700000600", "x", "1e9"] {
        assert_eq!(verify(Purpose::File, id, exp, sig, NOW_MS), Some(TicketError::Malformed));
    }
    assert_eq!(verify(Purpose::File, id, &exp, "§", NOW_MS), Some(TicketError::Malformed));
    assert_eq!(verify(Purpose::File, id, &exp, sig, EXP_S * 1_000), Some(TicketError::Expired));
    let theirs = tickets("another-secret-of-tickets-0123456789").sign(Purpose::File, id, EXP_S);
    assert_ne!(theirs, query);
}
