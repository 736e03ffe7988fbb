//! Names of files as their owners gave them: to show and to save under, never to open a file by.
//! What is left of a name cannot climb a path, break a header or show another ending than it has.

/// Longest name, in bytes of UTF-8.
const NAME_BYTES_MAX: usize = 255;
/// What may follow the last dot and still count as an ending.
const ENDING_BYTES_MAX: usize = 16;
/// A name that nothing is left of.
const NAMELESS: &str = "file";

/// The name as it is kept.
pub(crate) fn tidy(name: &str) -> String {
    // What stands before the last slash of either kind is a path of the sender's machine.
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| !is_treacherous(*c)).collect();
    let kept = kept.trim().trim_matches('.').trim();
    let kept: String = kept.chars().map(|c| if "<>:\"|?*".contains(c) { '_' } else { c }).collect();
    if kept.is_empty() { NAMELESS.to_owned() } else { shorten(&kept) }
}

/// Characters that are not seen, or turn what is seen around.
fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Cuts the front part, so that the ending stays.
fn shorten(name: &str) -> String {
    if name.len() <= NAME_BYTES_MAX {
        return name.to_owned();
    }
    let ending = name.rfind('.').map_or("", |dot| &name[dot..]);
    let ending = if ending.len() <= ENDING_BYTES_MAX { ending } else { "" };
    let mut end = NAME_BYTES_MAX - ending.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_path_or_an_unseen_character_is_left_and_the_ending_stays() {
        let cases = [
            ("cat.jpg", "cat.jpg"),
            ("账单 2026.pdf", "账单 2026.pdf"),
            ("../../etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("/", "file"),
            ("..", "file"),
            ("", "file"),
            ("a\r\nSet-Cookie: x=1.png", "aSet-Cookie_ x=1.png"),
            ("a\0b.png", "ab.png"),
            // Shown as "evil" followed by "gpj.exe" turned around: a picture to the eye.
            ("evil\u{202e}gpj.exe", "evilgpj.exe"),
            ("\u{2066}x\u{2069}\u{200b}.txt", "x.txt"),
            (".htaccess", "htaccess"),
            ("a\"b;c.txt", "a_b;c.txt"),
        ];
        for (given, kept) in cases {
            assert_eq!(tidy(given), kept, "{given:?}");
        }
    }

    #[test]
    fn a_long_name_loses_its_middle_and_no_half_character_is_left() {
        for name in [format!("{}.jpeg", "猫".repeat(200)), "x".repeat(4_000), "猫".repeat(100)] {
            let kept = tidy(&name);
            assert!(kept.len() <= NAME_BYTES_MAX && kept.len() > NAME_BYTES_MAX - 8, "{kept}");
            assert_eq!(kept.ends_with(".jpeg"), name.ends_with(".jpeg"));
        }
    }
}
