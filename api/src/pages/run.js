// One run: the verdict, then its steps, or its rows with their steps; of a step that did not pass, what was expected and
// what was there.

import { el, millis, moment, show, status, table } from "./dom.js";

export function showRun(place, run) {
  place.hidden = false;
  show(place, run, () => [
    el("a", { class: "close", href: "/", "data-key": "close" }, "Close"),
    el("h2", { id: "detail-title" }, "Run of ", run.collection),
    el("p", {}, status(run.outcome ?? run.state), verdict(run)),
    el("p", { class: "quiet" },
      `${run.trigger}, at ${run.location}`, run.monitor ? `, monitor ${run.monitor}` : "",
      run.environment ? `, environment ${run.environment}` : "", `, revision ${run.collection_version}`,
      ", due ", moment(run.due_at), run.duration_ms === null ? "" : `, took ${millis(run.duration_ms)}`),
    ...(run.set_ups ?? []).map(setUp),
    ...run.steps.map((one, index) => step(one, index)),
    ...(run.rows ?? []).map(row),
  ]);
}

export function showProblem(place, problem) {
  place.hidden = false;
  show(place, problem, () => [
    el("a", { class: "close", href: "/", "data-key": "close" }, "Close"),
    el("h2", { id: "detail-title" }, problem.title),
    el("p", {}, problem.detail),
  ]);
}

function verdict(run) {
  if (run.reason) return `${run.reason.step ? ` at step ${run.reason.step}` : ""}: ${run.reason.message}`;
  if (run.state === "queued") return ": waits for a worker";
  if (run.state === "running") return ": a worker is at it";
  return "";
}

/** Rows that did not pass are open; the others are a line each. */
function row(one) {
  const quiet = one.outcome === "passed" || one.outcome === "skipped";
  const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));
  const values = Object.entries(one.values).map(([name, value]) => `${name}: ${text(value)}`);
  return el("details", { class: "row", open: quiet ? null : "" },
    el("summary", {}, `Row ${one.index} `, status(one.outcome), el("span", { class: "quiet" }, ` ${values.join(", ")}`)),
    one.reason && el("p", {}, one.reason.message),
    ...one.steps.map((each, index) => step(each, index, "h4")));
}

/** A line; its steps where they went wrong in this very run. */
function setUp(one) {
  const all = one.steps ?? [];
  const steps = one.outcome === "passed" ? [] : all;
  return el("div", { class: "step" },
    el("h3", {}, `Shared set-up ${one.collection} `, status(one.outcome)),
    el("p", { class: "quiet" }, ...origin(one, all.length > 0)),
    one.reason && el("p", {}, one.reason.message),
    ...steps.map((each, index) => step(each, index, "h4")));
}

function origin(one, here) {
  if (!one.fetched_at) return ["could not be run"];
  const at = moment(one.fetched_at);
  return here ? ["run here, ", at] : ["run by ", el("code", {}, one.fetched_by), ", ", at];
}

function step(one, index, heading = "h3") {
  const last = one.attempts.at(-1);
  const wrong = one.outcome !== "passed" && one.outcome !== "skipped";
  const tries = one.attempts.length > 1 ? `, ${one.attempts.length} tries` : "";
  return el("div", { class: "step" },
    el(heading, {}, `${index + 1}. ${one.name} `, status(one.outcome)),
    last && el("p", {}, el("code", {}, `${last.request.method} ${last.request.url}`),
      last.response ? ` → ${last.response.status}` : "", `, ${millis(one.latency_ms)}${tries}`),
    one.reason && el("p", {}, one.reason.message),
    last && assertions(last.assertions, wrong),
    wrong && last?.response?.body
      && el("details", {}, el("summary", {}, "Body of the answer"), el("pre", {}, last.response.body)));
}

/** Those that did not hold are in sight, the others behind a click. */
function assertions(all, wrong) {
  if (all.length === 0) return null;
  const failing = all.filter((one) => one.outcome !== "passed");
  const rest = el("details", {}, el("summary", {}, `All ${all.length} assertions`), listed(all));
  return wrong && failing.length > 0 ? [listed(failing), rest] : [rest];
}

function listed(all) {
  const text = (value) => (value === undefined ? "nothing there" : JSON.stringify(value));
  const rows = all.map((one) => el("tr", {},
    el("td", {}, status(one.outcome)),
    el("th", { scope: "row" }, el("code", {}, one.source)),
    el("td", {}, one.comparison, " ", el("code", {}, text(one.expected))),
    el("td", {}, el("code", {}, text(one.actual)), one.message ? el("p", { class: "quiet" }, one.message) : null)));
  return table("Assertions", [["Result"], ["Of"], ["Expected"], ["Actual"]], rows);
}
