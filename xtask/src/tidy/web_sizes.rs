//! Size of Vue components and TypeScript files. Generated files are named `*.gen.ts`.

use super::Finding;
use super::tree::Tree;

/// Ending, limit, and what to do about a longer one.
const LIMITS: &[(&str, usize, &str)] = &[
    (".vue", 300, "move a part into a component or its logic into a composable"),
    (".ts", 400, "move one of its subjects into a module of its own"),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| !file.path.ends_with(".gen.ts")) {
        let lines = file.text.lines().count();
        for (ending, limit, way_out) in LIMITS {
            if file.path.ends_with(ending) && lines > *limit {
                findings.push(Finding {
                    file: file.path.clone(),
                    line: 1,
                    rule: "web-size",
                    advice: format!("{lines} lines, at most {limit}: {way_out}"),
                });
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_and_modules_have_their_own_limits() {
        let text = "x\n".repeat(301);
        let long = "x\n".repeat(401);
        let tree = Tree::of(&[
            ("a.vue", &text),
            ("a.ts", &text),
            ("b.ts", &long),
            ("codes.gen.ts", &long),
        ]);
        let found: Vec<_> = check(&tree).into_iter().map(|finding| finding.file).collect();
        assert_eq!(found, ["a.vue", "b.ts"]);
    }
}
