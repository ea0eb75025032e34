//! The `[topics]` table of a case: names of what can be asked of a patient whose answers name no
//! topics, such as one of a record.

use std::sync::Arc;

use rounds_environments::clinic::case::{
    CaseScript, MissingFact, MissingTest, Person, Topic, TopicIndex, TopicKind,
};
use rounds_environments::clinic::knowledge::Knowledge;
use rounds_environments::clinic::patient::Truth;

use crate::predicate::Lexicon;
use crate::schema::reader::TableReader;

/// Names of topics in words.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicNames(pub Vec<Topic>);

/// Reads `[topics.NAME]` and adds each to `lexicon`.
pub(super) fn read_topics(root: &mut TableReader<'_>, lexicon: &mut Lexicon) -> TopicNames {
    let mut topics = Vec::new();
    for (id, mut table) in root.named_tables("topics") {
        let test = table.boolean("test", false);
        topics.push(Topic {
            id: id.to_owned(),
            kind: if test {
                TopicKind::Test
            } else {
                TopicKind::Fact
            },
            aliases: table.strings("aliases"),
            finding: None,
            present: None,
            say: "".into(),
            cost: 0.0,
            turnaround_min: 0.0,
        });
        table.finish();
        lexicon.add_topic(id, test, None);
    }
    let names = TopicNames(topics);
    if !names.0.is_empty() {
        names.teach(lexicon);
    }
    names
}

impl TopicNames {
    /// Lets `lexicon` find the topics in the words of questions.
    fn teach(&self, lexicon: &mut Lexicon) {
        let script = CaseScript {
            id: String::new(),
            person: Person::default(),
            opening: "".into(),
            reveals: Vec::new(),
            topics: self.0.clone(),
            missing_fact: MissingFact::default(),
            missing_test: MissingTest::default(),
            truth: Truth::default(),
        };
        let knowledge: &Knowledge = &lexicon.knowledge;
        let index = Arc::new(TopicIndex::new(&script, knowledge));
        lexicon.find_in_words(index, self.0.iter().map(|topic| topic.id.clone()).collect());
    }
}
