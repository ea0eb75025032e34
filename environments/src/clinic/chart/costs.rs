//! Simulated prices and waiting times by section of the record.

use crate::clinic::record::TESTS;

/// What a look-up in one section costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SectionCost {
    /// Simulated cost, in US dollars.
    pub cost: f64,
    /// Minutes until the answer is there.
    pub turnaround_min: f64,
    /// The section holds results of tests (laboratory, ECG, imaging).
    pub test: bool,
}

const PRICES: [(&str, f64, f64); 6] = [
    ("Hematology", 50.0, 60.0),
    ("Chemistry", 70.0, 60.0),
    ("Blood Gas", 60.0, 30.0),
    ("ECG", 100.0, 20.0),
    ("Echo", 300.0, 90.0),
    ("Radiology", 200.0, 90.0),
];

const QUESTION: SectionCost = SectionCost {
    cost: 1.0,
    turnaround_min: 1.0,
    test: false,
};

/// A test of an open tree, whose kind is not known.
const OTHER_TEST: SectionCost = SectionCost {
    cost: 150.0,
    turnaround_min: 60.0,
    test: true,
};

/// Cost of a look-up in `section`: a test has its price, everything else is a question. A dotted
/// path counts by its first part.
///
/// # Source
/// DynamiCare card, section 11 (blood count, renal panel, ECG, chest film, ultrasound); the blood
/// gas price and all waiting times are settings of this project.
pub fn section_cost(section: &str) -> SectionCost {
    if section == TESTS || section.split('.').next() == Some(TESTS) {
        return OTHER_TEST;
    }
    PRICES
        .iter()
        .find(|(name, ..)| name.eq_ignore_ascii_case(section))
        .map_or(QUESTION, |&(_, cost, turnaround_min)| SectionCost {
            cost,
            turnaround_min,
            test: true,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_cost_more_than_questions() {
        assert!(section_cost("Chemistry").test);
        assert!(!section_cost("Family History").test);
        assert!(section_cost("Test Results.Imaging").test);
        assert!(section_cost("ECG").cost > section_cost("Allergies").cost);
    }
}
