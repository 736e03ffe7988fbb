//! Message bodies: JSON with Chinese text, 142 bytes, no two alike.

use super::dice::Dice;

/// Bytes of a body, as in every published figure.
pub(crate) const BYTES: usize = 142;

const HEAD: &str = r#"{"k":"text","x":""#;
const TAIL: &str = r#""}"#;
/// Common characters, three bytes each.
const CHARS: &str = "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运";

/// A body; the next numbers of the dice decide what it says.
pub(crate) fn text(dice: &mut Dice) -> Vec<u8> {
    let table = CHARS.as_bytes();
    let count = table.len() / 3;
    let mut out = Vec::with_capacity(BYTES);
    out.extend_from_slice(HEAD.as_bytes());
    let mut bits = 0_u64;
    let mut left = 0;
    while out.len() + 3 + TAIL.len() <= BYTES {
        if left == 0 {
            (bits, left) = (dice.next(), 6);
        }
        let at = usize::try_from(bits & 0x3ff).unwrap_or_default() * count / 1_024 * 3;
        out.extend_from_slice(&table[at..at + 3]);
        (bits, left) = (bits >> 10, left - 1);
    }
    while out.len() + TAIL.len() < BYTES {
        out.push(b'.');
    }
    out.extend_from_slice(TAIL.as_bytes());
    out
}

/// A name of two characters for a user.
pub(crate) fn name(number: u64) -> String {
    let mut dice = Dice::new(number);
    let count = CHARS.len() as u64 / 3;
    let mut pick = || {
        let at = usize::try_from(dice.below(count)).unwrap_or_default();
        CHARS.chars().nth(at).unwrap_or('鹊')
    };
    [pick(), pick()].into_iter().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_body_has_the_agreed_size_and_is_one_that_a_client_may_send() {
        let mut dice = Dice::new(1);
        for _ in 0..200 {
            let text = String::from_utf8(text(&mut dice)).unwrap();
            assert_eq!(text.len(), BYTES);
            let body = magpie_proto::Body::parse(&text).unwrap();
            assert_eq!(body.parts().unwrap().k, "text");
        }
        assert_ne!(text(&mut dice), text(&mut dice));
    }

    #[test]
    fn every_character_takes_three_bytes() {
        assert!(CHARS.chars().all(|c| c.len_utf8() == 3));
        assert_eq!(name(7).chars().count(), 2);
    }
}
