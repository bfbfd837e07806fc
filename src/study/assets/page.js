'use strict';
// The memory, the hops and the terms of the answer, computed again from the keys and values in this page, so that the
// rates and hops can be changed. First the algorithm, then the page. docs/equations.md has the formulas.
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId('data').textContent);
  const model = data.model, is = (name) => model.settings[name] === '1';

  // ---- The algorithm ------------------------------------------------------------------------------------------------
  // IEEE 754 binary16
  function fromHalf(bits) {
    const exponent = bits >> 10 & 31, fraction = (bits & 1023) / 1024;
    return (bits >> 15 ? -1 : 1) * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
  }
  function unpack(packed) {
    if (!packed) return null;
    const bytes = Uint8Array.from(atob(packed.float32 || packed.float16), (c) => c.charCodeAt(0)), [rows, cols] = packed.shape;
    const values = packed.float32 ? Float64Array.from(new Float32Array(bytes.buffer))
      : Float64Array.from(new Uint16Array(bytes.buffer), fromHalf);
    return {rows, cols, values, row: (i) => values.subarray(i * cols, (i + 1) * cols)};
  }
  const K = unpack(data.keys), V = unpack(data.values), T = K.rows, D = model.memory_size;
  const own = unpack(data.value_own), Ws = unpack(model.write_found);
  const valueScale = Ws && unpack(model.value_norm.scale).values, valueShift = Ws && unpack(model.value_norm.shift).values;
  // The weights of a large model are left out: only the memory is computed again.
  const large = !model.output;
  const back = large ? [] : model.back.map(unpack), Wo = unpack(model.output), W1 = unpack(model.answer_read);
  const questionPart = data.question_parts.map((part) => unpack(part).values);
  const answerPart = unpack(model.answer_question_part);
  const a = data.answer.id, b = data.other.id;

  const dot = (x, y) => x.reduce((sum, value, j) => sum + value * y[j], 0);
  const add = (x, y) => x.map((value, j) => value + y[j]);
  const relu = (z) => z.map((value) => Math.max(value, 0));
  const gated = (z, y) => y.map((value, j) => (z[j] > 0 ? value : 0));
  // x m
  function times(x, m) {
    const y = new Float64Array(m.cols);
    for (let i = 0; i < m.rows; ++i) {
      if (x[i] === 0) continue;
      for (let j = 0; j < m.cols; ++j) y[j] += x[i] * m.values[i * m.cols + j];
    }
    return y;
  }
  // m y
  const columns = (m, y) => Float64Array.from({length: m.rows}, (_, i) => dot(m.row(i), y));
  function standardised(x, epsilon) {
    const mean = x.reduce((s, v) => s + v, 0) / x.length;
    const rstd = 1 / Math.sqrt(x.reduce((s, v) => s + (v - mean) ** 2, 0) / x.length + epsilon);
    return {values: x.map((v) => (v - mean) * rstd), rstd};
  }
  function square(value = 0) {
    const values = new Float64Array(D * D).fill(value);
    return {rows: D, cols: D, values, row: (i) => values.subarray(i * D, (i + 1) * D)};
  }
  // M <- M F + growth k v^T with F = 1 - g+ k v - g- k^2, in the signed rule |k v|
  function factor(rule, k, v) {
    const kv = k * v;
    return 1 - rule.pos * (rule.signed ? Math.abs(kv) : kv) - rule.neg * k * k;
  }
  function write(rule, m, k, v, {added, lost, seen = {}} = {}) {
    for (let i = 0; i < D; ++i) {
      if (k[i] === 0) continue;
      for (let j = 0; j < D; ++j) {
        const at = i * D + j, f = factor(rule, k[i], v[j]), grown = rule.growth * k[i] * v[j];
        seen.below += f < 0, ++seen.factors, seen.smallest = Math.min(seen.smallest, f);
        if (added) added[at] = grown, lost[at] = m.values[at] * (f - 1);
        m.values[at] = m.values[at] * f + grown;
      }
    }
  }
  // What sentence t writes: with read-before-write it depends on what the memory m holds.
  function valueOf(m, t) {
    if (!Ws) return V.row(t);
    const y = add(times(times(K.row(t), m), Ws), own.row(t));
    return standardised(y, model.value_epsilon).values.map((x, j) => x * valueScale[j] + valueShift[j]);
  }
  function run(rule, hopCount, told) {
    const m = square(), values = [], hops = [], seen = {below: 0, factors: 0, smallest: 1};
    for (let t = 0; t < T; ++t) {
      values.push(valueOf(m, t));
      if (told[t]) write(rule, m, K.row(t), values[t], {seen});
    }
    let out = new Float64Array(D);
    for (let h = 0; h < hopCount; ++h) {
      const question = questionPart[Math.min(h, questionPart.length - 1)], w = back[Math.min(h, back.length) - 1];
      const z = h === 0 ? question : add(question, times(hops[h - 1].n, w));
      const k = relu(z), r = times(k, m);
      const {values: n, rstd} = is('read_norm') ? standardised(r, model.read_epsilon) : {values: r, rstd: 1};
      hops.push({question, z, k, r, n, rstd, w});
      out = is('hop_sum') ? add(out, n) : n;
    }
    const answerZ = W1 && add(times(out, W1), answerPart.values);
    const logits = large ? [] : times(W1 ? add(out, relu(answerZ)) : out, Wo);
    return {rule, told, m, values, hops, answerZ, logits, seen, margin: logits[a] - logits[b]};
  }
  // The margin as exact sums over the sentences; include/hmem/study/attribution.h has the names.
  function attribute({rule, told, m, values, hops, answerZ, margin}) {
    const H = hops.length, centred = (hop, y) => {
      if (!is('read_norm')) return y;
      const mean = y.reduce((s, v) => s + v, 0) / D;
      return y.map((v) => (v - mean) * hop.rstd);
    };
    let w = Float64Array.from({length: D}, (_, j) => Wo.values[j * Wo.cols + a] - Wo.values[j * Wo.cols + b]);
    let answerQuestion = 0;
    if (W1) {
      const open = gated(answerZ, w);
      answerQuestion = dot(answerPart.values, open);
      w = add(w, columns(W1, open));
    }
    const direct = [], total = [], question = [], read = [];
    for (let h = H - 1; h >= 0; --h) {
      direct[h] = h === H - 1 || is('hop_sum') ? centred(hops[h], w) : new Float64Array(D);
      total[h] = direct[h];
      if (h + 1 < H) {
        const key = gated(hops[h + 1].z, columns(m, total[h + 1]));
        total[h] = add(total[h], centred(hops[h], columns(hops[h + 1].w, key)));
      }
      question[h] = dot(hops[h].question, gated(hops[h].z, columns(m, total[h])));
      read[h] = dot(hops[h].r, direct[h]);
    }
    // From the last sentence to the first, kept = the factors of all later ones: C_t = growth k_t v_t^T kept
    const zeros = () => new Array(T).fill(0), kept = square(1).values;
    const writer = zeros(), sum = zeros(), steers = hops.map(zeros), share = hops.map(zeros);
    const pairs = hops.length > 1 ? [] : null, last = H - 1, reads = hops.map(() => []);
    const byUnit = [];
    for (let t = T - 1; t >= 0; --t) {
      const k = K.row(t), v = values[t];
      for (let h = 0; h < H; ++h) {
        const c = new Float64Array(D);
        for (let i = 0; i < D && told[t]; ++i) {
          const both = rule.growth * k[i] * hops[h].k[i];
          if (both !== 0) for (let j = 0; j < D; ++j) c[j] += both * kept[i * D + j] * v[j];
        }
        const written = dot(c, direct[h]), all = dot(c, total[h]);
        writer[t] += written, sum[t] += all, share[h][t] = dot(c, hops[h].r), reads[h][t] = c;
        if (h + 1 < H) steers[h + 1][t] = all - written;
      }
      byUnit[t] = new Float64Array(D);
      for (let i = 0; i < D && told[t]; ++i) {
        if (k[i] === 0) continue;
        for (let j = 0; j < D; ++j) {
          byUnit[t][i] += rule.growth * k[i] * v[j] * kept[i * D + j] * total[last][j];
          kept[i * D + j] *= factor(rule, k[i], v[j]);
        }
      }
    }
    // What sentence t's share of the last key is worth in each reading.
    for (let t = 0; pairs && t < T; ++t) {
      const part = gated(hops[last].z, times(centred(hops[last - 1], reads[last - 1][t]), hops[last].w));
      pairs.push(byUnit.map((unit) => dot(unit, part)));
    }
    if (pairs) pairs.push(byUnit.map((unit) => dot(unit, gated(hops[last].z, hops[last].question))));
    return {writer, steers, total: sum, question, read, answerQuestion, pairs, share, margin};
  }

  // ---- The page -----------------------------------------------------------------------------------------------------
  const fixed = (x, digits = 2) => (Math.abs(x) < 0.5 * 10 ** -digits ? 0 : x).toFixed(digits);
  const percent = (p) => fixed(100 * p, 100 * p >= 99.95 || p === 0 ? 0 : 1) + ' %';
  const probable = (p) => p >= 0.9995 && p < 1 ? '> 99.9 %' : p > 0 && p < 0.0005 ? '< 0.1 %' : percent(p);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const signed = model.rule.signed, outer = model.settings.write_rule === 'outer';
  const learned = outer ? {plus: model.rule.growth, minus: 0, max: 1}
    : {plus: model.rule.decay_pos, minus: model.rule.decay_neg, max: model.rule.growth / model.rule.decay_pos};
  const everyone = () => new Array(T).fill(true);
  const start = {...learned, hops: model.hops, told: everyone()};
  let now = {...start}, shown = null;

  function softmax(logits) {
    const most = Math.max(...logits), p = Array.from(logits, (x) => Math.exp(x - most));
    const sum = p.reduce((s, x) => s + x, 0);
    return p.map((x) => x / sum);
  }
  const ranked = (values) => Array.from(values.keys()).sort((i, j) => values[j] - values[i]);
  const nearest = (n) => {
    const p = softmax(times(n, Wo));
    return ranked(p).slice(0, 3).map((id) => `${data.vocabulary[id]} ${probable(p[id])}`).join(', ');
  };
  const told = (t) => data.story[t].number;
  function setBar(cell, value, scale) {
    cell.textContent = fixed(value);
    cell.classList.toggle('neg', value < 0);
    cell.style.setProperty('--v', Math.min(1, Math.abs(value) / scale).toFixed(2));
  }

  function ruleOf({plus, minus, max}) {
    return outer ? {growth: plus, pos: 0, neg: 0, signed} : {growth: plus * max, pos: plus, neg: minus, signed};
  }
  function termsOf(at, id) {
    if (id === 'writes') return {values: at.writer, rest: at.answerQuestion};
    if (id === 'total') return {values: at.total};
    const h = Number(id.replace('steers', '')) - 1;
    if (!(h > 0) || h >= at.steers.length) return null;
    let rest = at.answerQuestion;
    at.question.forEach((part, i) => rest += i < h ? at.read[i] : part);
    return {values: at.steers[h], rest};
  }
  function showTerms(at) {
    const ids = [...new Set(all('.terms td[data-c]').map((cell) => cell.dataset.c))];
    const terms = new Map(ids.map((id) => [id, termsOf(at, id)]));
    let scale = Number(byId('terms').dataset.scale);
    terms.forEach((term) => term && term.values.forEach((value) => scale = Math.max(scale, Math.abs(value))));
    const top = new Map(ids.map((id) => [id, terms.get(id) ? ranked(terms.get(id).values)[0] : -1]));
    all('.terms td[data-c]').forEach((cell) => {
      const {c} = cell.dataset, {t = cell.dataset.t} = cell.parentElement.dataset, term = terms.get(c);
      if (!term) cell.textContent = '\u2013', cell.style.setProperty('--v', 0);
      else if (t === 'rest') cell.textContent = term.rest === undefined ? '' : fixed(term.rest);
      else if (t === 'others') {
        const rows = all('#terms tr[data-t]').map((row) => Number(row.dataset.t));
        setBar(cell, term.values.reduce((s, v, i) => s + (rows.includes(i) ? 0 : v), 0), scale);
      } else if (t === 'sum') {
        cell.textContent = c === 'total' ? '' : fixed(term.values.reduce((s, v) => s + v, 0) + term.rest);
      } else {
        setBar(cell, term.values[t], scale);
        cell.classList.toggle('top', top.get(c) === Number(t));
      }
    });
  }
  function showHops(r, at) {
    byId('hops').replaceChildren(...r.hops.map((hop, h) => {
      const item = document.createElement('li'), most = ranked(at.share[h])[0], size = dot(hop.r, hop.r);
      const open = hop.k.reduce((s, x) => s + (x > 0 ? 1 : 0), 0);
      item.textContent = `key ${h + 1}: ${open} of ${D} units open. Largest share of what it reads: sentence ${told(most)}` +
        ` (${percent(size > 0 ? at.share[h][most] / size : 0)}). Nearest words: ${nearest(hop.n)}`;
      return item;
    }));
  }
  function showAnswer(r, at) {
    const p = softmax(r.logits), best = ranked(r.logits)[0];
    byId('answer').textContent = `${data.vocabulary[best]} ${probable(p[best])}`;
    byId('margin').textContent = `margin ${fixed(r.margin)} of ${data.vocabulary[a]} over ${data.vocabulary[b]}`;
    byId('verdict').textContent = !data.true_answer ? ''
      : data.vocabulary[best] === data.true_answer ? ' (correct)' : ` (wrong, expected ${data.true_answer})`;
    const sum = at.writer.reduce((s, v) => s + v, 0) + at.answerQuestion;
    byId('recomputed').textContent =
      `computed again in this page: the terms add up to ${fixed(sum, 4)} of ${fixed(r.margin, 4)}`;
    const scale = Math.max(...all('#logits tr[data-id]').map((row) => Math.abs(r.logits[row.dataset.id])), 1e-9);
    all('#logits tr[data-id]').forEach((row) => {
      setBar(row.querySelector('.bar'), r.logits[row.dataset.id], scale);
      row.querySelector('.p').textContent = probable(p[row.dataset.id]);
    });
  }

  // Memory: before, growth, decay and after one sentence, rows with active keys first.
  const activity = new Float64Array(D);
  for (let t = 0; t < T; ++t) K.row(t).forEach((k, i) => activity[i] += k * k);
  const order = ranked(activity), names = ['before', 'growth', 'decay', 'after'];
  // M before every 16th sentence: a step of the slider computes at most 16 writes.
  let snapshots = [];
  function memoryBefore(t) {
    const from = Math.floor(t / 16), m = square();
    m.values.set(snapshots[from]);
    for (let s = from * 16; s < t; ++s) if (shown.told[s]) write(shown.rule, m, K.row(s), shown.values[s]);
    return m;
  }
  function takeSnapshots() {
    snapshots = [];
    const m = square();
    for (let t = 0; t <= T; ++t) {
      if (t % 16 === 0) snapshots.push(m.values.slice());
      if (t < T && shown.told[t]) write(shown.rule, m, K.row(t), shown.values[t]);
    }
  }
  const blue = [0, 96, 160], orange = [179, 71, 0];
  function draw(canvas, values, scale) {
    const image = new ImageData(D, D);
    for (let i = 0; i < D; ++i) {
      for (let j = 0; j < D; ++j) {
        const x = values[order[i] * D + j] / scale, to = x < 0 ? orange : blue, part = Math.min(1, Math.sqrt(Math.abs(x)));
        for (let c = 0; c < 3; ++c) image.data[4 * (i * D + j) + c] = 255 + (to[c] - 255) * part;
        image.data[4 * (i * D + j) + 3] = 255;
      }
    }
    canvas.getContext('2d').putImageData(image, 0, 0);
  }
  function showMemory() {
    const step = Number(byId('step').value), m = step > 0 ? memoryBefore(step - 1) : square();
    const before = m.values.slice(), added = new Float64Array(D * D), lost = new Float64Array(D * D);
    const written = step > 0 && shown.told[step - 1];
    const seen = {below: 0, factors: 0, smallest: 1};
    if (written) write(shown.rule, m, K.row(step - 1), shown.values[step - 1], {added, lost, seen});
    const scale = Math.max(...shown.m.values.map(Math.abs), 1e-9);
    [before, added, lost, m.values].forEach((values, i) => draw(byId('m_' + names[i]), values, scale));
    const low = m.values.reduce((x, y) => Math.min(x, y)), high = m.values.reduce((x, y) => Math.max(x, y));
    byId('step_text').textContent = step === 0 ? 'before the story: empty'
      : `after sentence ${told(step - 1)}, ${data.story[step - 1].words.join(' ')}${written ? '' : ' (left out)'}: ` +
        `${K.row(step - 1).reduce((s, k) => s + (k !== 0 ? 1 : 0), 0)} rows written, values ${fixed(low)} to ${fixed(high)}` +
        `${seen.below ? `, ${seen.below} factors below 0` : ''}`;
    byId('step').setAttribute('aria-valuetext', byId('step_text').textContent);
  }

  let at = null;
  function update() {
    shown = run(ruleOf(now), now.hops, now.told);
    at = attribute(shown);
    takeSnapshots();
    showAnswer(shown, at);
    showTerms(at);
    showHops(shown, at);
    showMemory();
    const changed = ['plus', 'minus', 'max', 'hops'].some((name) => now[name] !== start[name]) || now.told.includes(false);
    document.body.classList.toggle('changed', changed);
    byId('changed').textContent = changed ? 'Changed from the trained model. ' +
      'What is dimmed still belongs to the trained model with all sentences: margin lost and answer when left out, ' +
      `Which sentence steered the reading of which, Match of each key, Forgetting${Ws ? ', origin, section 7' : ''}.` : '';
    const {below, factors, smallest} = shown.seen;
    byId('below').textContent = `${below} of ${factors} updated entries (${percent(below / Math.max(1, factors))}) have ` +
      `F below 0, the smallest F is ${fixed(smallest)}`;
  }

  // Controls exist only where the script runs.
  const sliders = {plus: byId('plus'), minus: byId('minus'), max: byId('max'), hops: byId('hop_count')};
  const setSliders = () => Object.entries(sliders).forEach(([name, slider]) => {
    const of = slider.closest('label');
    of.hidden = (outer && (name === 'minus' || name === 'max')) || (name === 'hops' && back.length === 0);
    slider.max = name === 'hops' ? (is('separate_hops') ? model.hops : model.hops + 2) : Number((4 * start[name]).toPrecision(6)) || 0.1;
    if (name !== 'hops') slider.step = slider.max / 400;
    slider.value = now[name];
    of.querySelector('b').textContent = name === 'hops' ? now[name] : Number(now[name].toPrecision(4));
  });
  Object.entries(sliders).forEach(([name, slider]) => slider.addEventListener('input', () => {
    now[name] = Number(slider.value);
    slider.closest('label').querySelector('b').textContent = slider.value;
    update();
  }));
  byId('back').addEventListener('click', () => {
    now = {...start, told: everyone()};
    all('input[data-told]').forEach((box) => box.checked = true);
    setSliders();
    update();
  });
  all('.terms tr[data-t]').forEach((row) => {
    const t = Number(row.dataset.t), box = document.createElement('input');
    box.type = 'checkbox', box.checked = true, box.dataset.told = t;
    box.setAttribute('aria-label', `sentence ${told(t)} is written`);
    box.addEventListener('change', () => {
      now.told[t] = box.checked;
      all(`input[data-told="${t}"]`).forEach((other) => other.checked = box.checked);
      update();
    });
    if (large) row.tabIndex = 0;
    else row.querySelector('th').prepend(box);
    const explain = () => {
      if (!at.pairs) return;
      const parts = at.pairs.map((worth) => worth[t]);
      byId('pair_text').textContent = now.told[t] ? `What sentence ${told(t)} adds in the last hop is steered by ` +
        ranked(parts.map(Math.abs)).slice(0, 3).map((s) => `${s < T ? `sentence ${told(s)}` : 'the question'}: ` +
        fixed(parts[s])).join(', ') : `Sentence ${told(t)} is left out: the last hop reads nothing of it.`;
    };
    row.addEventListener('mouseenter', explain);
    row.addEventListener('focusin', explain);
  });
  let timer = null;
  const goTo = (step) => (byId('step').value = step, showMemory());
  const stop = () => {
    clearInterval(timer);
    timer = null;
    byId('play').textContent = 'Play';
  };
  byId('step').addEventListener('input', showMemory);
  byId('next').addEventListener('click', () => goTo((Number(byId('step').value) + 1) % (T + 1)));
  byId('play').addEventListener('click', () => {
    if (timer !== null) return stop();
    if (Number(byId('step').value) === T) goTo(0);
    byId('play').textContent = 'Pause';
    timer = setInterval(() => {
      goTo(Number(byId('step').value) + 1);
      if (Number(byId('step').value) === T) stop();
    }, Math.max(80, Math.min(900, 20000 / T)));
  });
  document.addEventListener('keydown', (event) => event.key === 'Escape' && stop());
  // Whoever asked for less motion steps by hand.
  byId('play').hidden = matchMedia('(prefers-reduced-motion: reduce)').matches;
  byId('save').addEventListener('click', () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([byId('data').textContent], {type: 'application/json'}));
    link.download = 'explain.json';
    link.click();
    URL.revokeObjectURL(link.href);
  });

  // In its checkout the page can point at the other documents.
  if (location.pathname.endsWith('/docs/explore.html')) all('code').forEach((code) => {
    const [, folder, path] = code.textContent.match(/^(docs|src)\/(\S+\.(?:md|cpp))$/) || [];
    if (!path) return;
    const link = document.createElement('a');
    link.href = folder === 'docs' ? path : `../src/${path}`;
    code.replaceWith(link);
    link.append(code);
  });
  // For a reader with doubts, and for the tests: what was computed here beside what the program wrote.
  function compareAll() {
    const size = Math.max(...data.attribution.writer.map(Math.abs), Math.abs(data.margin));
    let worst = Math.abs(shown.margin - data.margin);
    const compare = (found, expected) => found.forEach((x, t) => worst = Math.max(worst, Math.abs(x - expected[t])));
    compare(at.writer, data.attribution.writer);
    compare(at.total, data.attribution.total);
    at.steers.forEach((row, h) => compare(row, data.attribution.steers[h]));
    Object.assign(byId('recomputed').dataset, {margin: shown.margin, worst: worst / size, below: shown.seen.below});
    if (at.pairs && data.attribution.pairs) {
      const expected = unpack(data.attribution.pairs);
      at.pairs.forEach((worth, t) => compare(worth, worth.map((_, s) => expected.values[s * (T + 1) + t])));
      byId('recomputed').dataset.worst = worst / size;
    }
  }
  if (large) {
    const worth = unpack(data.attribution.pairs);
    shown = run(ruleOf(start), 0, everyone());
    at = {pairs: model.hops > 1 && worth && [0, ...shown.told].map((_, s) => shown.told.map((_, t) => worth.row(t)[s]))};
    takeSnapshots();
    showMemory();
  } else {
    setSliders();
    update();
    compareAll();
  }
  all('.script').forEach((part) => part.hidden = false);
  all('.no_script').forEach((part) => part.hidden = true);
})();
