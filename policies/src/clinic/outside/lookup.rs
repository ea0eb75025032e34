//! Findings and conditions by what a person types of their names.

use rounds_environments::clinic::knowledge::{
    ConditionIx, Finding, FindingIx, FindingKind, Knowledge,
};

/// Names that a list shows at most.
const SHOWN: usize = 12;

/// What fits the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found<T> {
    /// Exactly one.
    One(T),
    /// Several, as a list for people.
    Several(String),
    /// Nothing.
    None,
}

/// The finding that is meant: its whole name, id or question, else the longest name whose words
/// are all said, else the only one whose name, or question, holds what was
/// typed.
pub(super) fn finding(knowledge: &Knowledge, typed: &str) -> Found<FindingIx> {
    let said = words(typed);
    let findings = || (0..).map(FindingIx).zip(knowledge.findings());
    let whole = findings().find(|(_, f)| {
        [&f.name, &f.id, &f.question]
            .into_iter()
            .any(|name| words(name) == said)
    });
    if let Some((e, _)) = whole {
        return Found::One(e);
    }
    let named = findings()
        .map(|(e, f)| (e, words(&f.name)))
        .filter(|(_, name)| name.iter().all(|word| said.contains(word)))
        .max_by_key(|(e, name)| (name.len(), std::cmp::Reverse(*e)));
    if let Some((e, _)) = named {
        return Found::One(e);
    }
    let part = said.join(" ");
    let holds = |text: &str| !part.is_empty() && words(text).join(" ").contains(&part);
    match only(findings().filter(|(_, f)| holds(&f.name)), |f| &f.name) {
        Found::None => only(findings().filter(|(_, f)| holds(&f.question)), |f| &f.name),
        found => found,
    }
}

/// The condition that is meant: its whole name, or the only one whose name holds what was typed.
pub(super) fn condition(knowledge: &Knowledge, typed: &str) -> Found<ConditionIx> {
    let conditions = || (0..).map(ConditionIx).zip(knowledge.conditions());
    let part = words(typed).join(" ");
    if let Some((d, _)) = conditions().find(|(_, c)| words(&c.name).join(" ") == part) {
        return Found::One(d);
    }
    only(
        conditions().filter(|(_, c)| !part.is_empty() && words(&c.name).join(" ").contains(&part)),
        |c| &c.name,
    )
}

/// Findings whose name holds `part`; without one, the tests.
pub(super) fn listed(knowledge: &Knowledge, part: &str) -> String {
    let part = part.to_lowercase();
    let fits = |f: &&Finding| match part.is_empty() {
        true => f.kind == FindingKind::Test,
        false => f.name.to_lowercase().contains(&part),
    };
    let lines: Vec<String> = knowledge
        .findings()
        .iter()
        .filter(fits)
        .map(|f| format!("  {} ({:.0} USD)", f.name, f.cost))
        .collect();
    match lines.is_empty() {
        true => format!("  no finding has {part:?} in its name"),
        false => lines.join("\n"),
    }
}

fn only<'a, Ix: Copy, T: 'a>(
    fitting: impl Iterator<Item = (Ix, &'a T)>,
    name: impl Fn(&'a T) -> &'a String,
) -> Found<Ix> {
    let fitting: Vec<(Ix, &T)> = fitting.collect();
    match fitting[..] {
        [] => Found::None,
        [(ix, _)] => Found::One(ix),
        _ => {
            let names = fitting
                .iter()
                .take(SHOWN)
                .map(|(_, entry)| name(entry).as_str());
            let more = match fitting.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!("; and {more} more"),
            };
            Found::Several(format!("  {}{more}", names.collect::<Vec<_>>().join("; ")))
        }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(typed: &str) -> String {
        let knowledge = Knowledge::builtin();
        match finding(&knowledge, typed) {
            Found::One(e) => knowledge.finding(e).id.clone(),
            Found::Several(text) => text,
            Found::None => "none".to_owned(),
        }
    }

    #[test]
    fn findings_are_found_by_names_questions_and_parts() {
        assert_eq!(found("Fever"), "fever");
        assert_eq!(found("Do you have a fever?"), "fever");
        assert_eq!(
            found("do you feel a pressing pain in your chest"),
            "pressing_chest_pain"
        );
        assert_eq!(found("palpit"), "palpitations");
        assert_eq!(found("c reactive"), "raised_crp");
        assert!(found("upper").contains(';'));
        assert_eq!(found("what colour is the moon"), "none");
        assert_eq!(found(""), "none");
    }

    #[test]
    fn conditions_need_not_be_spelt_out() {
        let knowledge = Knowledge::builtin();
        let angina = condition(&knowledge, "stable angina");
        assert_eq!(
            angina,
            Found::One(knowledge.find_condition("Stable angina").unwrap())
        );
        assert!(matches!(condition(&knowledge, "angina"), Found::Several(_)));
        assert_eq!(condition(&knowledge, "dragon"), Found::None);
    }
}
