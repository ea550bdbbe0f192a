// Send a CSV file to the import page piece by piece: first all of it to be checked, then, if it is sound, to be written.
// The server judges and writes; here are only the cutting, the progress and what is shown.
"use strict";
{
  const MOST_LETTERS = 200000; // of a piece: its JSON stays below the server's limit of 1 MiB
  const MOST_BYTES = 64 * 1024 * 1024;
  const MOST_SHOWN = 200; // rows of the table of faults
  const TRIES = 4; // of one piece, before a person is asked

  const form = document.querySelector("#import");
  const part = (name) => document.querySelector(`#import-${name}`);
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  let ticket = "";
  let columns = "";
  let pieces = [];
  let running = false;

  const say = (text) => { part("status").textContent = text; };
  const show = (name, visible) => { part(name).hidden = !visible; };
  const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
  const words = (counts) => ["created", "changed", "unchanged", "deleted"]
    .map((outcome) => `${counts[outcome] || 0} ${outcome}`).join(", ");

  async function once(step, fields) {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ step, ticket, ...fields }),
    });
    const isJson = (answer.headers.get("Content-Type") || "").startsWith("application/json");
    const said = isJson ? await answer.json() : {};
    if (answer.ok && said.ticket) {
      ticket = said.ticket;
      return said;
    }
    const error = new Error(said.message || `The server answered ${answer.status}; are you still signed in?`);
    error.lasting = answer.status < 500;
    throw error;
  }

  // What got no answer is sent again: to check or to write a piece twice is harmless.
  async function send(step, fields = {}) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(step, fields);
      } catch (error) {
        if (error.lasting || attempt === TRIES) throw error;
        await pause(500 * 2 ** attempt);
      }
    }
  }

  function cut(text) {
    const [head = "", ...records] = csvRecords(text);
    columns = /[\r\n]$/.test(head) ? head : `${head}\r\n`;
    pieces = [];
    let piece = null;
    records.forEach((record, index) => {
      const full = piece === null || piece.count === Number(form.dataset.pieceRows)
        || piece.rows.length + record.length > MOST_LETTERS;
      if (full) {
        piece = { first: index + 2, count: 0, rows: "", seal: "" };
        pieces.push(piece);
      }
      piece.rows += record;
      piece.count += 1;
    });
    if (pieces.length === 0) pieces = [{ first: 2, count: 0, rows: "", seal: "" }];
  }

  function list(faults) {
    const body = part("faults").querySelector("tbody");
    faults.forEach((fault) => {
      const shown = body.rows.length;
      if (shown > MOST_SHOWN) return;
      const row = body.insertRow();
      if (shown === MOST_SHOWN) {
        row.insertCell().textContent = "…";
        row.insertCell();
        row.insertCell().textContent = "There are more; mend these first.";
        return;
      }
      [fault.row, fault.product, fault.words].forEach((text) => { row.insertCell().textContent = text; });
    });
    show("faults", body.rows.length > 0);
  }

  function progress(done) {
    part("progress").max = pieces.length;
    part("progress").value = done;
  }

  async function work(what) {
    running = true;
    form.querySelectorAll("button, input, textarea").forEach((field) => { field.disabled = true; });
    show("import", false);
    show("on", false);
    show("progress", true);
    try {
      await what();
    } catch (error) {
      say(error.message);
      show("on", what === write);
    } finally {
      running = false;
      form.querySelectorAll("button, input, textarea").forEach((field) => { field.disabled = false; });
    }
  }

  async function check() {
    const file = part("file").files[0];
    if (file.size > MOST_BYTES) throw new Error("The file is larger than 64 MiB; cut it into several.");
    ticket = "";
    part("faults").querySelector("tbody").replaceChildren();
    show("faults", false);
    let text;
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    } catch {
      throw new Error("This is no CSV in UTF-8.");
    }
    cut(text);
    progress(0);
    say("Checking; nothing is written yet.");
    await send("begin", {
      why: form.elements.why.value,
      file_name: file.name.slice(0, 100),
      set_stock: form.elements.set_stock && form.elements.set_stock.checked ? "on" : "",
    });
    const seen = new Map();
    let faults = 0;
    let counts = {};
    for (const [number, piece] of pieces.entries()) {
      const { first, rows } = piece;
      const found = await send("check", { first: String(first), columns, rows });
      const twice = found.products.filter(([, product]) => seen.has(product))
        .map(([row, product]) => ({ row, product, words: `this product is in the table twice, first in row ${seen.get(product)}` }));
      found.products.forEach(([row, product]) => { if (!seen.has(product)) seen.set(product, row); });
      piece.seal = found.seal;
      faults += found.faults.length + twice.length;
      counts = found.counts;
      list([...found.faults, ...twice, ...found.notes]);
      progress(number + 1);
    }
    if (faults > 0) {
      say(`${faults} row${faults === 1 ? " is" : "s are"} wrong. Nothing was written: mend the file and check it again.`);
    } else if (seen.size === 0) {
      say("There is no product in this file.");
    } else {
      say(`Sound. Would be: ${words(counts)}. Nothing is written yet.`);
      part("import").textContent = `Import ${seen.size} row${seen.size === 1 ? "" : "s"}`;
      show("import", true);
      part("import").disabled = false;
      part("import").focus();
    }
  }

  let next = -1; // the piece to be written next; -1: the import is still to be begun

  async function write() {
    say("Importing. Leave this page open.");
    if (next === -1) {
      await send("start");
      next = 0;
    }
    progress(next);
    for (let stops = 0; next < pieces.length;) {
      const { first, rows, seal } = pieces[next];
      const got = await send("write", { first: String(first), columns, rows, seal });
      if (got.stopped) {
        stops += 1;
        if (stops === TRIES) throw new Error(got.stopped);
        await pause(500 * 2 ** stops);
      } else if (got.done) {
        stops = 0;
        next += 1;
      }
      say(`Importing. Leave this page open. So far: ${words(got.counts)}.`);
      progress(next);
    }
    const { told } = await send("end");
    say(`Imported: ${told}.`);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!running) { next = -1; work(check); }
  });
  // The theme's script would write the file's name into a field that it expects beside every choice of a file.
  form.addEventListener("change", (event) => { event.stopPropagation(); }, true);
  form.addEventListener("input", () => show("import", false)); // what was checked is no longer what is asked
  part("import").addEventListener("click", () => { if (!running) work(write); });
  part("on").addEventListener("click", () => { if (!running) work(write); });
  window.addEventListener("beforeunload", (event) => { if (running) event.preventDefault(); });
}
