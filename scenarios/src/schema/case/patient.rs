//! The `[patient]` table of a case: a script, or where the patient comes from.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use rounds_environments::clinic::case::{
    CaseScript, MissingFact, MissingTest, Person, Topic, TopicKind, topic_words,
};
use rounds_environments::clinic::knowledge::{FindingKind, Knowledge};
use rounds_environments::clinic::patient::Truth;

use crate::predicate::Lexicon;
use crate::schema::diagnostics::{Problem, ProblemKind};
use crate::schema::document::Entry;
use crate::schema::paths::PathKind;
use crate::schema::person::read_person;
use crate::schema::reader::TableReader;
use crate::schema::source::Origin;
use crate::schema::values::{Fault, NOT_NEGATIVE, choice, integer, items, string};

choice! {
    /// What is said of a fact that the case does not name.
    enum DefaultFact {
        /// It is absent.
        Absent = "absent",
        /// The patient does not know.
        Unknown = "unknown",
        /// It is what is typical of the truth.
        Typical = "typical",
    }
}

choice! {
    /// What comes back from a test that the case does not name.
    enum DefaultTest {
        /// Nothing.
        NotAvailable = "not_available",
        /// A normal result.
        Normal = "normal",
        /// What is typical of the truth.
        Typical = "typical",
    }
}

/// Simulated cost of a test without a price, in US dollars (card, section 11: unknown).
const UNKNOWN_TEST_COST: f64 = 150.0;
/// Simulated minutes of a test without a time.
const UNKNOWN_TEST_MINUTES: f64 = 30.0;
/// Simulated cost of a question, in US dollars.
const QUESTION_COST: f64 = 1.0;

/// A file that a patient comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum PatientFile {
    /// A record.
    Record(PathBuf),
    /// A record of a folder, by its number.
    Records(PathBuf, u64),
    /// A line of a file of AgentClinic cases, from 1.
    AgentClinic(PathBuf, u32),
}

/// Where the patient of a case comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum CasePatientSpec {
    /// Written in the case.
    Script {
        /// Who the patient is and what it says.
        script: Box<CaseScript>,
        /// Parts of the person that must stay as they are.
        fixed: Vec<String>,
    },
    /// Drawn from the knowledge base.
    Drawn {
        /// Name of the condition.
        condition: String,
        /// Seed of the draw.
        seed: u64,
    },
    /// Read from a file.
    File(PatientFile),
}

impl CasePatientSpec {
    /// Whether the truth need not be written in the case.
    pub(super) fn knows_its_truth(&self) -> bool {
        !matches!(self, Self::Script { .. })
    }

    /// The script, where there is one.
    pub fn script(&self) -> Option<&CaseScript> {
        match self {
            Self::Script { script, .. } => Some(script),
            _ => None,
        }
    }
}

/// Sources of a patient; one is given.
const SOURCES: [&str; 5] = ["opening", "record", "records", "kb", "agentclinic"];

/// Reads `[patient]` and adds its topics to `lexicon`.
pub(super) fn read_patient(
    root: &mut TableReader<'_>,
    knowledge: &Knowledge,
    lexicon: &mut Lexicon,
) -> Option<CasePatientSpec> {
    let Some(mut table) = root.table("patient") else {
        if root.entry("patient").is_none() {
            root.missing("patient", "[patient] with an opening, facts and tests");
        }
        return None;
    };
    let given: Vec<(&str, Option<&Entry>)> = SOURCES
        .into_iter()
        .map(|source| (source, table.entry(source)))
        .filter(|(_, entry)| entry.is_some())
        .collect();
    let source = match given.as_slice() {
        [] => {
            table.missing("opening", "opening = \"What the patient says at first.\"");
            return None;
        }
        [(source, _)] => *source,
        [_, (second, entry), ..] => {
            if let Some(entry) = entry {
                table.note(
                    Problem::at(
                        &entry.key,
                        ProblemKind::Conflict,
                        "the patient has two sources",
                        format!("`{second}` beside `{}`", given[0].0),
                    )
                    .help(format!("keep one of {}", SOURCES.join(", "))),
                );
            }
            return None;
        }
    };
    let patient = match source {
        "opening" => read_script(&mut table, knowledge, lexicon),
        "kb" => read_drawn(&mut table, knowledge),
        "record" => table
            .path("record", PathKind::File)
            .map(|path| CasePatientSpec::File(PatientFile::Record(path))),
        "records" => {
            let folder = table.path("records", PathKind::Folder);
            if table.entry("id").is_none() {
                table.missing("id", "id = 900101");
            }
            let id = table.get("id", |node| integer(node, 0, u64::MAX));
            Some(CasePatientSpec::File(PatientFile::Records(folder?, id?)))
        }
        _ => {
            let path = table.path("agentclinic", PathKind::File);
            let line = table.integer("line", 1, u64::from(u32::MAX), 1);
            Some(CasePatientSpec::File(PatientFile::AgentClinic(
                path?,
                line as u32,
            )))
        }
    };
    table.finish();
    patient
}

fn read_drawn(table: &mut TableReader<'_>, knowledge: &Knowledge) -> Option<CasePatientSpec> {
    let entry = table.entry("kb")?;
    let condition = table.string("kb")?;
    let seed = table.integer("seed", 0, u64::MAX, 0);
    match knowledge.find_condition(&condition) {
        Some(d) => Some(CasePatientSpec::Drawn {
            condition: knowledge.condition(d).name.clone(),
            seed,
        }),
        None => {
            let names = knowledge.conditions().iter().map(|c| c.name.as_str());
            let names: Vec<&str> = names.collect();
            let message = format!("the knowledge base has no condition `{condition}`");
            let problem = Problem::at(
                &entry.value.origin,
                ProblemKind::UnknownName,
                message,
                "no such condition",
            );
            table.note(problem.suggest(&condition, "conditions", &names));
            None
        }
    }
}

fn read_script(
    table: &mut TableReader<'_>,
    knowledge: &Knowledge,
    lexicon: &mut Lexicon,
) -> Option<CasePatientSpec> {
    let opening = table.string("opening");
    let person = read_person(table, "demographics");
    let fixed = table.words_of("fixed", &Person::PARTS);
    let missing_fact = match table.choice("default_fact").unwrap_or(DefaultFact::Absent) {
        DefaultFact::Absent => MissingFact::Absent,
        DefaultFact::Unknown => MissingFact::Unknown,
        DefaultFact::Typical => MissingFact::Typical,
    };
    let missing_test = match table.choice("default_test_result") {
        Some(DefaultTest::Normal) => MissingTest::Normal,
        Some(DefaultTest::Typical) => MissingTest::Typical,
        Some(DefaultTest::NotAvailable) | None => MissingTest::NotAvailable,
    };
    let mut names = Names::default();
    let mut topics = Vec::new();
    for (section, kind) in [("facts", TopicKind::Fact), ("tests", TopicKind::Test)] {
        let entries = table.entries(section);
        for (id, mut topic) in table.named_tables(section) {
            let place = entries.iter().find(|(name, _)| *name == id);
            let place = place.map(|(_, origin)| (*origin).clone());
            if let Some(read) = read_topic(&mut topic, id, kind, knowledge)
                && let Some(place) = place
            {
                names.add(&topic, &read, &place);
                lexicon.add_topic(
                    &read.id,
                    kind == TopicKind::Test,
                    read.finding.map(|e| knowledge.finding(e).id.as_str()),
                );
                topics.push(read);
            }
            topic.finish();
        }
    }
    let reveals = read_reveals(table, &topics);
    lexicon.reveals.clone_from(&reveals);
    Some(CasePatientSpec::Script {
        script: Box::new(CaseScript {
            id: String::new(),
            person,
            opening: Arc::from(opening?),
            reveals,
            topics,
            missing_fact,
            missing_test,
            truth: Truth::default(),
        }),
        fixed,
    })
}

fn read_reveals(table: &mut TableReader<'_>, topics: &[Topic]) -> Vec<String> {
    let read = table.get("reveals", |node| {
        let read = items(node)?.iter().map(|item| Ok((item, string(item)?)));
        read.collect::<Result<Vec<_>, Fault>>()
    });
    let mut reveals = Vec::new();
    for (item, id) in read.unwrap_or_default() {
        let known = topics.iter().find(|topic| topic.id == id);
        match known {
            Some(topic) if topic.kind == TopicKind::Fact => reveals.push(id),
            _ => {
                let facts = topics.iter().filter(|t| t.kind == TopicKind::Fact);
                let facts: Vec<&str> = facts.map(|topic| topic.id.as_str()).collect();
                let message = format!("the opening reveals `{id}`, which is no fact of the case");
                let label = "no such fact";
                let problem = Problem::at(&item.origin, ProblemKind::UnknownName, message, label);
                table.note(problem.suggest(&id, "facts", &facts));
            }
        }
    }
    reveals
}

fn read_topic(
    table: &mut TableReader<'_>,
    id: &str,
    kind: TopicKind,
    knowledge: &Knowledge,
) -> Option<Topic> {
    let test = kind == TopicKind::Test;
    let aliases = table.strings("aliases");
    let written = table.entry("finding");
    let finding = match table.string("finding") {
        Some(name) => match knowledge.find_finding(&name) {
            Some(e) => Some(e),
            None => {
                let names = knowledge.findings().iter().map(|f| f.id.as_str());
                let names: Vec<&str> = names.collect();
                let message = format!("the knowledge base has no finding `{name}`");
                if let Some(entry) = written {
                    let place = &entry.value.origin;
                    let label = "no such finding";
                    let problem = Problem::at(place, ProblemKind::UnknownName, message, label);
                    table.note(problem.suggest(&name, "findings", &names));
                }
                return None;
            }
        },
        None => knowledge.find_finding(id),
    };
    let say = table.string(if test { "result" } else { "say" });
    let present = match test {
        true => table
            .optional_boolean("abnormal")
            .or(say.as_ref().map(|_| false)),
        false => table.optional_boolean("present"),
    };
    // What the patient has words for, or what is merely named, is there.
    let present = present.or((!test && finding.is_some()).then_some(true));
    let unknown = !test && table.boolean("unknown", false);
    let (present, say) = match unknown {
        true => (None, None),
        false => (present, say),
    };
    let known = finding.map(|e| knowledge.finding(e));
    let known = known.filter(|f| (f.kind == FindingKind::Test) == test);
    let cost = table.number(
        "cost",
        NOT_NEGATIVE,
        known.map_or(
            if test {
                UNKNOWN_TEST_COST
            } else {
                QUESTION_COST
            },
            |f| f.cost,
        ),
    );
    let turnaround_min = table.number(
        "minutes",
        NOT_NEGATIVE,
        known.map_or(if test { UNKNOWN_TEST_MINUTES } else { 0.0 }, |f| {
            f.turnaround_min
        }),
    );
    Some(Topic {
        id: id.to_owned(),
        kind,
        aliases,
        finding,
        present,
        say: say.unwrap_or_default().into(),
        cost,
        turnaround_min,
    })
}

/// Names that are taken, with the topic that has them.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    fn add(&mut self, table: &TableReader<'_>, topic: &Topic, place: &Origin) {
        for name in std::iter::once(&topic.id).chain(&topic.aliases) {
            let words = topic_words(name).join(" ");
            if words.is_empty() {
                table.note(Problem::at(
                    place,
                    ProblemKind::OutOfRange,
                    format!("`{name}` names nothing"),
                    "expected letters or digits in every name",
                ));
                continue;
            }
            if let Some(other) = self.0.insert(words, topic.id.clone())
                && other != topic.id
            {
                table.note(
                    Problem::at(
                        place,
                        ProblemKind::Duplicate,
                        format!("`{name}` is a name of `{other}` and of `{}`", topic.id),
                        "this name is taken",
                    )
                    .help(
                        "a question that uses it could mean either: give each topic its own names",
                    ),
                );
            }
        }
    }
}
