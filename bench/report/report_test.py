"""What the report makes of results. Pure, but for files of its own."""

import pathlib
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))

import document
import files
import plot
import results



def result(**changes):
    return {
        "suite": "job", "title": "A run", "intro": "One run.", "versions": {"Go": "1.26"},
        "tables": [{"title": "Runs", "note": "", "columns": ["run", "ms"], "rows": [["a | b", "1.0 (0.9–1.2)"]]}],
        "plots": [{"title": "A run", "unit": "ms", "better": "less", "bars": [
            {"label": "sms_scraper", "value": 2.0, "low": 1.5, "high": 2.5}, {"label": "<Go>", "value": 4.0}]}],
        "goals": [{"workload": "a run", "beside": "Go", "goal": "≥ 2×", "figure": "1.5×", "met": False},
                  {"workload": "a run", "beside": "C", "goal": "≤ 4×", "figure": "3.0×", "met": True}],
    } | changes


class Document(unittest.TestCase):
    def test_a_missed_goal_is_shown_with_its_reason_and_a_met_one_without(self):
        found = result()
        results.explain(found["goals"], {"a run": {"Go": "two fsyncs", "C": "never shown"}})
        text, _ = document.render([found], [])
        self.assertIn("| a run | Go | ≥ 2× | 1.5× | **missed** |", text)
        self.assertIn("- a run, beside Go: two fsyncs", text)
        self.assertNotIn("never shown", text)
        self.assertIn("1 of 2 are met", text)

    def test_a_missed_goal_without_a_reason_says_so(self):
        self.assertIn("a run, beside Go: no reason is known yet", document.render([result()], [])[0])

    def test_a_reason_may_be_keyed_by_workload_and_peer_in_one(self):
        found = result()
        results.explain(found["goals"], {"a run, Go": "two fsyncs"})
        self.assertEqual(found["goals"][0]["reason"], "two fsyncs")

    def test_figures_of_other_programs_than_the_release_build_say_so(self):
        text, _ = document.render([result(run={"date": "2026-01-02", "build": "other"})], [])
        self.assertIn("2026-01-02, not the release build", text)
        self.assertNotIn("not the release build", document.render([result(run={"build": "release"})], [])[0])

    def test_suites_without_results_are_named(self):
        self.assertIn("Not measured yet: store, operator.", document.render([], ["store", "operator"])[0])

    def test_columns_of_figures_stand_to_the_right_and_bars_in_cells_are_escaped(self):
        text = document.table(["run", "ms"], [["a | b", "1.0 (0.9–1.2)"]])
        self.assertEqual(text.splitlines()[1:], ["| --- | ---: |", "| a \\| b | 1.0 (0.9–1.2) |"])


class Results(unittest.TestCase):
    def test_a_row_with_too_few_cells_is_refused_by_name(self):
        wrong = result(tables=[{"title": "Runs", "note": "", "columns": ["run", "ms"], "rows": [["alone"]]}])
        with self.assertRaisesRegex(results.Wrong, 'table "Runs": 2 columns'):
            results.checked(wrong, "job.json")

    def test_results_without_goals_are_refused(self):
        wrong = result()
        del wrong["goals"]
        with self.assertRaisesRegex(results.Wrong, "without goals"):
            results.checked(wrong, "job.json")


class Files(unittest.TestCase):
    def test_a_document_or_plot_that_differs_or_has_no_results_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            files.write({"README.md": "a", "plots/a.svg": "b"}, folder)
            self.assertIsNone(files.differences({"README.md": "a", "plots/a.svg": "b"}, folder))
            self.assertIn("README.md", files.differences({"README.md": "c", "plots/a.svg": "b"}, folder))
            self.assertIn("plots/a.svg", files.differences({"README.md": "a"}, folder))

    def test_plots_without_results_go_when_the_document_is_written(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            files.write({"README.md": "a", "plots/a.svg": "b"}, folder)
            files.write({"README.md": "a", "plots/c.svg": "b"}, folder)
            self.assertEqual([path.name for path in (folder / "plots").iterdir()], ["c.svg"])


class Plot(unittest.TestCase):
    def bars(self, *values):
        return [{"label": f"bar {value}", "value": value} for value in values]

    def test_a_plot_is_well_formed_and_the_same_every_time(self):
        shown = result()["plots"][0]
        self.assertEqual(plot.render(shown), plot.render(shown))
        xml.etree.ElementTree.fromstring(plot.render(shown))

    def test_far_values_are_drawn_on_powers_of_ten_and_near_ones_from_zero(self):
        _, ticks, words = plot.axis(self.bars(1.5, 900.0))
        self.assertEqual((ticks, words), ([1.0, 10.0, 100.0, 1000.0], ", logarithmic"))
        _, ticks, words = plot.axis(self.bars(20.0, 90.0))
        self.assertEqual((ticks, words), ([0.0, 20.0, 40.0, 60.0, 80.0, 100.0], ""))

    def test_values_stay_inside_the_axis(self):
        for values in [(1.0, 1.0), (0.0, 3.0), (0.004, 7_000.0), (99.9, 100.1)]:
            place, _, _ = plot.axis(self.bars(*values))
            for value in values:
                self.assertGreaterEqual(place(value), plot.LABEL)
                self.assertLessEqual(place(value), plot.WIDTH - plot.VALUE + 0.001, values)

    def test_numbers_have_three_digits_that_count(self):
        self.assertEqual([plot.number(value) for value in (0, 0.01234, 1.5, 12.345, 123.4, 12345)],
                         ["0", "0.0123", "1.5", "12.3", "123", "12,345"])
