// Cut a CSV text into its records, each with its own end of line, exactly where Python's csv module would.
"use strict";
function csvRecords(text) { // eslint-disable-line no-unused-vars -- catalogue_import.js calls it
  const records = [];
  let begin = 0;
  let state = "start"; // of a cell; "plain", "quoted" inside one; "closed" behind a closing quote
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (state === "quoted") {
      if (letter === '"') state = "closed";
    } else if (letter === '"' && state !== "plain") {
      state = "quoted"; // opened, or a doubled quote
    } else if (letter === ",") {
      state = "start";
    } else if (letter === "\n" || letter === "\r") {
      if (letter === "\r" && text[at + 1] === "\n") at += 1;
      records.push(text.slice(begin, at + 1));
      begin = at + 1;
      state = "start";
    } else {
      state = "plain";
    }
  }
  if (begin < text.length) records.push(text.slice(begin));
  return records;
}
