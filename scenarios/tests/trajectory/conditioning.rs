//! A Decision Transformer that learns for a second or two earns what is asked of it.

use super::{SHIPPED, mean, says, text};

#[test]
fn more_is_earned_when_more_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("bench");
    let (found, _) = says(&[
        "bench",
        SHIPPED,
        "--json",
        "--vary",
        "policies.dt.target_score=100,0",
        "--set",
        "repeats=1",
        "--episodes",
        "16",
        "--out",
        text(&out),
    ]);
    let summary: rounds::statistics::Summary = serde_json::from_str(&found).unwrap();
    let mut compared = summary.comparisons.iter();
    let compared = compared.find(|c| c.metric == "return").unwrap();
    let [first, second] = [&summary.arms[0].name, &summary.arms[1].name];
    assert_eq!((&compared.a, &compared.b), (first, second));
    let scores = [first, second].map(|arm| mean(&summary, arm, "score").unwrap());
    // Over starts, which are paired.
    let [low, high] = compared.ci95.unwrap();
    assert!(
        low > 0.0,
        "between {low} and {high} more; scores {scores:?}"
    );
}
