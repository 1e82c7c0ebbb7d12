// It stands behind the module of the student, whose predictProba is in scope.
{
  const { controls, titles, expected } = JSON.parse(document.getElementById("try-data").textContent);
  const panel = document.getElementById("try-panel");
  const list = document.getElementById("try-controls");
  const SHOWN = 12; // controls at first; of further columns those that are asked for
  const MENU = 30; // levels in a menu; of more, they are suggested while one types
  // No assignment, and no literal: a column may be called __proto__.
  const typical = () => Object.fromEntries(controls.map(({ name, start }) => [name, start]));
  let row = typical();
  const put = (name, value) => {
    Object.defineProperty(row, name, { value, enumerable: true, configurable: true });
  };
  const resets = []; // what puts a control back to the typical row

  const made = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // ------------------------------------------------------------------- the answer

  const bars = titles.map((title) => {
    const bar = made("span", { className: "bar" });
    const value = made("data", {});
    const track = made("span", { className: "track", ariaHidden: "true" }, bar);
    const line = made("li", {}, made("span", {}, title), value, track);
    document.getElementById("try-bars").append(line);
    return { line, bar, value };
  });

  const timed = () => {
    const start = performance.now();
    let calls = 0, spent = 0;
    do {
      predictProba(row);
      spent = performance.now() - start;
    } while (++calls < 1000 && spent < 1);
    return (1000 * spent) / calls;
  };

  const answer = () => {
    const problem = document.getElementById("try-problem");
    let found;
    try {
      found = predictProba(row);
      problem.hidden = true;
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
      return;
    }
    const best = found.indexOf(Math.max(...found));
    bars.forEach(({ line, bar, value }, c) => {
      line.className = c === best ? "best" : "";
      bar.style.width = `${100 * found[c]}%`;
      value.value = String(found[c]);
      value.textContent = `${(100 * found[c]).toFixed(2)}%`;
    });
    const label = document.getElementById("try-label");
    if (label.textContent !== titles[best]) label.textContent = titles[best]; // is read out
    const us = timed();
    document.getElementById("try-time").textContent = us.toFixed(us < 1 ? 2 : us < 10 ? 1 : 0);
  };

  // ----------------------------------------------------------------- the controls

  // What may be missing: a field, and beside it a box that empties it.
  const withMissing = (control, field, others, cellOf) => {
    const box = made("input", { type: "checkbox" });
    let last = field.value;
    const show = (cell) => {
      box.checked = cell === null;
      if (cell !== null) last = field.value;
      for (const other of others) other.value = cell === null ? other.value : cell;
      put(control.name, cell);
      answer();
    };
    field.addEventListener("input", () => show(field.value === "" ? null : cellOf(field.value)));
    box.addEventListener("change", () => {
      field.value = box.checked ? "" : last;
      show(field.value === "" ? null : cellOf(field.value));
    });
    for (const other of others) {
      other.addEventListener("input", () => {
        field.value = other.value;
        show(cellOf(field.value));
      });
    }
    resets.push(() => {
      field.value = control.start ?? "";
      box.checked = control.start === null;
      for (const other of others) other.value = control.start ?? other.value;
    });
    return [field, made("label", { className: "missing" }, box, " missing")];
  };

  const kinds = {
    number(control, id) {
      const { low, high, step } = control;
      const field = made("input", { type: "number", id, step: "any" });
      const slider = made("input", { type: "range", min: low, max: high, step });
      slider.setAttribute("aria-label", `${control.title}, slider`);
      return [slider, ...withMissing(control, field, [slider], Number)];
    },
    day(control, id) {
      const field = made("input", { type: "date", id, max: "9999-12-31" });
      return withMissing(control, field, [], String);
    },
    moment(control, id) {
      const limits = { step: 1, max: "9999-12-31T23:59:59" };
      const field = made("input", { type: "datetime-local", id, ...limits });
      return withMissing(control, field, [], String);
    },
    category: (control, id) => (control.levels.length > MENU ? typed : menu)(control, id),
  };

  const menu = (control, id) => {
    const options = control.levels.map((level) => made("option", {}, shown(level)));
    const select = made("select", { id }, ...options, made("option", {}, "(missing or other)"));
    select.addEventListener("change", () => {
      put(control.name, control.levels[select.selectedIndex] ?? null);
      answer();
    });
    resets.push(() => {
      const at = control.levels.indexOf(control.start);
      select.selectedIndex = at >= 0 ? at : control.levels.length;
    });
    return [select];
  };

  const typed = (control, id) => {
    // A field holds no line breaks.
    const known = new Map(control.levels.map((level) => [level.replace(/[\r\n]/g, ""), level]));
    const options = [...known.keys()].map((value) => made("option", { value }));
    const field = made("input", { id, autocomplete: "off" });
    field.setAttribute("list", `${id}-levels`);
    const state = made("span", { className: "missing" });
    const show = () => {
      state.textContent = known.has(field.value) ? "" : field.value === "" ? "missing" : "other";
    };
    field.addEventListener("input", () => {
      put(control.name, known.get(field.value) ?? null);
      show();
      answer();
    });
    resets.push(() => {
      field.value = control.start ?? "";
      show();
    });
    return [field, state, made("datalist", { id: `${id}-levels` }, ...options)];
  };

  const shown = (level) => (level.trim() === "" ? "(empty)" : level.slice(0, 80));

  const waiting = new Map(controls.map((control, at) => [control.title, { control, at }]));
  const add = (title) => {
    const { control, at } = waiting.get(title);
    waiting.delete(title);
    const id = `try-${at}`;
    const parts = kinds[control.kind](control, id);
    resets.at(-1)();
    const label = made("label", { htmlFor: id }, control.title);
    list.append(made("div", { className: "control" }, label, ...parts));
    return id;
  };

  // ------------------------------------------------------------- further columns

  const more = document.getElementById("try-more");
  const name = document.getElementById("try-name");
  const offer = () => {
    more.hidden = waiting.size === 0;
    document.getElementById("try-rest").textContent = String(waiting.size);
    const options = [...waiting.keys()].map((value) => made("option", { value }));
    document.getElementById("try-names").replaceChildren(...options);
  };
  const choose = () => {
    if (!waiting.has(name.value)) return;
    const id = add(name.value);
    name.value = "";
    offer();
    document.getElementById(id).focus();
  };
  name.addEventListener("change", choose);
  name.addEventListener("input", (event) => {
    if (event.inputType === "insertReplacementText" || event.inputType === undefined) choose();
  });

  for (const title of [...waiting.keys()].slice(0, SHOWN)) add(title);
  offer();
  document.getElementById("try-reset").addEventListener("click", () => {
    row = typical();
    for (const reset of resets) reset();
    answer();
  });
  panel.hidden = false;
  const off = predictProba(row).map((p, c) => Math.abs(p - expected[c]));
  document.getElementById("try-differs").hidden = Math.max(...off) <= 1e-12;
  answer();
}
