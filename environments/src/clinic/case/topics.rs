//! Finds topics in words.

use std::collections::HashMap;

use super::script::{CaseScript, TopicKind};
use crate::clinic::knowledge::{FindingIx, FindingKind, Knowledge};

/// What a text is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Found {
    /// A topic of the case, by its position.
    Topic(usize),
    /// A finding of the knowledge base that the case does not name.
    Finding(FindingIx),
}

/// The names of all topics of a case and of all findings, by their first word.
///
/// Names of the case come before those of the knowledge base; at each word of a text the longest
/// name wins, so that "chest pain on breathing" is not also "chest pain".
#[derive(Debug, Clone, Default)]
pub struct TopicIndex {
    by_first: HashMap<String, Vec<(Vec<String>, Found)>>,
    questions: HashMap<String, FindingIx>,
}

/// Lower-case words of a text: runs of letters and digits.
pub fn topic_words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

impl TopicIndex {
    /// Names of the topics of `script`, then of the findings of `knowledge`.
    pub fn new(script: &CaseScript, knowledge: &Knowledge) -> Self {
        let mut index = Self::default();
        let mut own = Vec::new();
        for (at, topic) in script.topics.iter().enumerate() {
            let names = std::iter::once(&topic.id).chain(&topic.aliases);
            for name in names {
                index.add(name, Found::Topic(at));
            }
            if let Some(finding) = topic.finding {
                own.push((finding, at));
            }
        }
        for (e, finding) in (0..).map(FindingIx).zip(knowledge.findings()) {
            let known = own.iter().find(|(known, _)| *known == e);
            let found = known.map_or(Found::Finding(e), |(_, at)| Found::Topic(*at));
            index.add(&finding.id, found);
            index.add(&finding.name, found);
            let question = topic_words(&finding.question).join(" ");
            index.questions.entry(question).or_insert(e);
        }
        index
    }

    fn add(&mut self, name: &str, found: Found) {
        let words = topic_words(name);
        let Some(first) = words.first().cloned() else {
            return;
        };
        let names = self.by_first.entry(first).or_default();
        if !names.iter().any(|(known, _)| *known == words) {
            names.push((words, found));
        }
    }

    /// The finding whose question is `text`, word for word.
    pub fn question(&self, text: &str) -> Option<FindingIx> {
        self.questions.get(&topic_words(text).join(" ")).copied()
    }

    /// What `text` is about, each once, in the order of the text.
    pub fn find(&self, text: &str) -> Vec<Found> {
        let words = topic_words(text);
        let mut found = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let names = self.by_first.get(&words[at]).into_iter().flatten();
            let fits = names.filter(|(name, _)| words[at..].starts_with(name));
            // Of equal lengths the first counts: the case's own.
            let best = fits.fold(
                None,
                |best: Option<&(Vec<String>, Found)>, next| match best {
                    Some(best) if best.0.len() >= next.0.len() => Some(best),
                    _ => Some(next),
                },
            );
            match best {
                Some((name, what)) => {
                    if !found.contains(what) {
                        found.push(*what);
                    }
                    at += name.len();
                }
                None => at += 1,
            }
        }
        found
    }
}

/// Whether a finding of the knowledge base is told or ordered.
pub(super) fn kind_of(kind: FindingKind) -> TopicKind {
    match kind {
        FindingKind::Test => TopicKind::Test,
        FindingKind::Symptom | FindingKind::Antecedent | FindingKind::Sign => TopicKind::Fact,
    }
}
