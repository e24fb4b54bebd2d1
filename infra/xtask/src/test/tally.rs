//! Counting what test programs report.

use std::process::Command;

use anyhow::Result;

use crate::shell;

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// The tally of a run that ended well or not: a crash without a counted failure is one failure.
    pub(crate) fn of_a_run(self, is_success: bool) -> Self {
        let failed = if is_success { self.failed } else { self.failed.max(1) };
        Self { failed, ..self }
    }
}

/// Runs a program and adds up what each of its lines adds.
pub(crate) fn count(program: &mut Command, of_a_line: fn(&str) -> Tally) -> Result<Tally> {
    let mut tally = Tally::default();
    let status = shell::run_observed(program, |line| tally.add(of_a_line(line)))?;
    Ok(tally.of_a_run(status.success()))
}

/// What a line of `cargo test` adds, such as `test result: ok. 5 passed; 0 failed; 0 ignored; …`.
pub(crate) fn cargo_result(line: &str) -> Tally {
    let Some((_, counts)) = line.split_once("test result: ") else {
        return Tally::default();
    };
    let words: Vec<&str> = counts.split([' ', ';']).filter(|word| !word.is_empty()).collect();
    let count = |name| words.windows(2).find(|pair| pair[1] == name).and_then(|pair| pair[0].parse().ok());
    Tally { passed: count("passed").unwrap_or(0), failed: count("failed").unwrap_or(0) }
}

/// What a line of the SDK cases adds: `ok NAME` or `FAILED NAME: why`.
pub(crate) fn case_result(line: &str) -> Tally {
    let (passed, failed) = (line.starts_with("ok "), line.starts_with("FAILED "));
    Tally { passed: usize::from(passed), failed: usize::from(failed) }
}

/// The totals of a TAP report by `node --test`, lines such as `# pass 3`; cancelled tests have failed too.
pub(crate) fn node_report(report: &str) -> Tally {
    let count = |name| {
        let mut lines = report.lines().rev();
        lines.find_map(|line| line.strip_prefix(name)?.trim().parse::<usize>().ok()).unwrap_or(0)
    };
    Tally { passed: count("# pass "), failed: count("# fail ") + count("# cancelled ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_cargo_are_counted() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 9 filtered out; finished in 0.0s";
        assert_eq!(cargo_result(line), Tally { passed: 12, failed: 3 });
    }

    #[test]
    fn other_lines_of_cargo_count_nothing() {
        assert_eq!(cargo_result("test result_is_read ... ok"), Tally::default());
        assert_eq!(cargo_result("running 12 tests"), Tally::default());
    }

    #[test]
    fn lines_of_cases_are_counted() {
        assert_eq!(case_result("ok a_rule_is_created"), Tally { passed: 1, failed: 0 });
        assert_eq!(case_result("FAILED a_rule_is_created: AssertionError"), Tally { passed: 0, failed: 1 });
        assert_eq!(case_result("okay, FAILED was not meant"), Tally::default());
    }

    #[test]
    fn the_totals_of_node_are_read() {
        let report =
            "TAP version 13\nok 1 - signs in\n    # pass 9\n# tests 4\n# pass 2\n# fail 1\n# cancelled 1\n";
        assert_eq!(node_report(report), Tally { passed: 2, failed: 2 });
    }

    #[test]
    fn a_run_that_crashed_has_at_least_one_failure() {
        assert_eq!(Tally { passed: 5, failed: 0 }.of_a_run(false), Tally { passed: 5, failed: 1 });
        assert_eq!(Tally { passed: 5, failed: 3 }.of_a_run(false), Tally { passed: 5, failed: 3 });
        assert_eq!(Tally { passed: 5, failed: 0 }.of_a_run(true), Tally { passed: 5, failed: 0 });
    }
}
