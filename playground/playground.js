'use strict';
(() => {
  const byId = (id) => document.getElementById(id);
  const worker = new Worker(URL.createObjectURL(new Blob([byId('worker').textContent], {type: 'text/javascript'})));
  const calm = matchMedia('(prefers-reduced-motion: reduce)'), kCalm = 10;  // pictures change every so many epochs
  let epochs = [], stories = [], solved = 0, running = false, busy = false, once = false, timer = 0;

  const send = (what, more = {}) => {
    if (what !== 'ask') busy = true;
    worker.postMessage({do: what, ...more});
  };
  const number = (id) => Number(byId(id).value);
  const say = (words) => { byId('status').textContent = words; };
  function element(tag, words = '', attributes = {}) {
    const made = document.createElement(tag);
    made.textContent = words;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }

  // ---- Pictures -----------------------------------------------------------------------------------------------------
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  function rgb(name) {
    const hex = colour(name).slice(1);
    return [0, 1, 2].map((i) => parseInt(hex.length === 3 ? hex[i] + hex[i] : hex.slice(2 * i, 2 * i + 2), 16));
  }
  // Values row by row as pixels between the colours of minus, zero and plus.
  function heat(canvas, rows, cols, value, words) {
    const largest = Math.max(1e-9, ...Array.from({length: rows * cols}, (_, i) => Math.abs(value(Math.floor(i / cols), i % cols))));
    const [plus, minus, zero] = ['pos', 'neg', 'back'].map(rgb);
    canvas.width = Math.max(cols, 1), canvas.height = Math.max(rows, 1);
    const context = canvas.getContext('2d'), image = context.createImageData(canvas.width, canvas.height);
    for (let i = 0; i < rows * cols; ++i) {
      const x = value(Math.floor(i / cols), i % cols) / largest, to = x < 0 ? minus : plus;
      for (let c = 0; c < 3; ++c) image.data[4 * i + c] = zero[c] + (to[c] - zero[c]) * Math.abs(x);
      image.data[4 * i + 3] = 255;
    }
    context.putImageData(image, 0, 0);
    canvas.setAttribute('aria-label', words + `, largest ${largest.toPrecision(3)}`);
  }
  function curve(name, top, x0) {
    const width = 280, height = 150, n = Math.max(epochs.length - 1, 1);
    const line = (part, dash) => `<polyline fill="none" class="line" stroke-width="2"${dash} points="${epochs.map((e, i) =>
      `${x0 + width * i / n},${10 + height * (1 - e[part + name] / top)}`).join(' ')}"/>`;
    return `<path class="axis" fill="none" d="M${x0} 10v${height}h${width}"/><text x="${x0 - 4}" y="18" text-anchor="end">${top}</text>` +
      `<text x="${x0 - 4}" y="${height + 10}" text-anchor="end">0</text><text x="${x0 + width}" y="${height + 28}" text-anchor="end">epoch ${epochs.length}</text>` +
      line('train_', '') + line('val_', ' stroke-dasharray="5 4"');
  }
  function drawCurves() {
    const last = epochs[epochs.length - 1], top = Math.ceil(Math.max(1, ...epochs.map((e) => Math.max(e.train_loss, e.val_loss))));
    const words = last ? `After ${epochs.length} epochs: training loss ${last.train_loss}, error ${last.train_error} %; validation loss ${last.val_loss}, error ${last.val_error} %.` : 'No epoch yet.';
    byId('curves').innerHTML = `<svg class="ink" viewBox="0 0 660 185" font-size="14" role="img" aria-label="${words}">` +
      curve('loss', top, 30) + curve('error', 100, 370) + '</svg>';
  }
  function table(head, body, story) {
    const {found} = story, terms = [['writes', found.writes], ...found.steers.map((s, h) => ['steers hop ' + (h + 2), s]), ['total', found.total]];
    const largest = Math.max(1e-9, ...terms.flatMap(([, values]) => values.map(Math.abs)));
    const row = element('tr');
    row.append(element('th', 'sentence', {scope: 'col', class: 's'}), ...terms.map(([name]) => element('th', name, {scope: 'col'})));
    head.replaceChildren(row);
    body.replaceChildren(...story.sentences.map((words, t) => {
      const made = element('tr', '', story.facts.includes(t) ? {class: 'fact'} : {});
      made.append(element('th', `${t + 1} ${words}`, {scope: 'row', class: 's'}), ...terms.map(([, values]) =>
        element('td', values[t].toFixed(2).replace(/^-(?=0\.00$)/, ''), {class: values[t] < 0 ? 'bar neg' : 'bar', style: `--v:${Math.abs(values[t]) / largest}`})));
      return made;
    }));
  }
  const percent = (p) => (100 * p).toPrecision(3) + ' %';
  const margin = ({of, over, margin: m, terms, residual}) => `Margin of ${of} over ${over}: ${m}; the sentences' writes add up to ${terms} (largest error of all sums ${residual}).`;
  function drawStory() {
    const story = stories[stories.length - 1], {found} = story, side = Math.sqrt(found.memory.length);
    byId('answer').textContent = `${story.question}? Answer: ${found.answer}, ${percent(found.probability)}; right: ${story.truth}. ${margin(found)}`;
    table(byId('head'), byId('terms'), story);
    const T = story.sentences.length, N = stories.length;
    heat(byId('writes_strip'), T, N, (t, n) => stories[n].found.writes[t], 'writes of every sentence over epochs');
    heat(byId('steers_strip'), T, N, (t, n) => stories[n].found.steers.reduce((sum, of) => sum + of[t], 0), 'steering of every sentence over epochs');
    heat(byId('memory'), side, side, (i, j) => found.memory[i * side + j], 'memory');
    const low = Math.min(...found.memory), high = Math.max(...found.memory);
    byId('memory_text').textContent = `Row: a unit of the key, column: a unit of the value; ${side} × ${side} numbers from ${low} to ${high}. ` +
      `${found.negative} of ${found.factors} factors are below 0: there a write turns the sign of what was stored.`;
  }
  function draw() {
    drawCurves();
    if (stories.length) drawStory();
  }

  // ---- Training -----------------------------------------------------------------------------------------------------
  function buttons() {
    byId('start').disabled = running;
    byId('start').textContent = epochs.length ? 'Go on' : 'Start';
    byId('pause').disabled = !running;
    byId('step').disabled = running;
    byId('ask').disabled = !stories.length;
  }
  function begin() {
    epochs = [], stories = [], solved = 0;
    byId('epochs').replaceChildren();
    document.title = 'H-Mem playground';
    send('start', {memory: number('side'), hops: number('hops'), plus: number('plus'), minus: number('minus'), rate: number('rate'),
      seed: number('seed'), story: number('number')});
  }
  const epoch = () => send('epoch', {story: stories[0].number});
  function go() {
    clearTimeout(timer);
    if (stories.length) epoch(); else begin();
  }
  function halt(words, on = false) {
    running = on;
    say(words);
    draw();
    buttons();
  }
  // A click while the library works is remembered: its answer goes on from there.
  const valid = () => byId('choice').reportValidity();
  byId('start').onclick = () => { if (valid()) running = true, buttons(), busy || go(); };
  byId('pause').onclick = () => halt(`Paused after ${epochs.length} epochs.`);
  byId('step').onclick = () => { if (valid()) busy ? once = true : go(), once ||= !stories.length; };
  byId('reset').onclick = () => { if (valid()) running = once = false, clearTimeout(timer), begin(); };
  byId('ask').onclick = () => { send('ask', {words: byId('words').value}); };
  byId('choice').onchange = ({target}) => { if (target.id !== 'pace' && stories.length) say('Choose "Start over" to train with the new choice.'); };
  byId('choice').onsubmit = (event) => event.preventDefault();

  worker.onmessage = ({data}) => {
    if (data.done !== 'ask') busy = false;
    if ((data.done === 'epoch' || data.done === 'test') && !stories.length) return;  // of the training before
    if (data.error) {
      if (data.done === 'ask') byId('reply').textContent = data.error;
      else stories = [], epochs = [], halt('It stopped: ' + data.error);
      return;
    }
    if (data.done === 'start') {
      stories = [data.story];
      halt('An untrained network.', running);
      if (running || once) once = false, epoch();
    } else if (data.done === 'epoch') {
      epochs.push(data.epoch);
      stories.push(data.story);
      const e = data.epoch, row = element('tr');
      row.append(...['epoch', 'train_loss', 'train_error', 'val_loss', 'val_error'].map((name) => element('td', String(e[name]))));
      byId('epochs').append(row);
      solved = e.val_error === 0 ? solved + 1 : 0;
      if (solved === 2 && running) { send('test'); return; }
      say(`Epoch ${epochs.length}: training error ${e.train_error} %, validation error ${e.val_error} %.`);
      if (!running || !calm.matches || epochs.length % kCalm === 0) draw();
      buttons();
      if (once) once = false, epoch();
      else if (running) timer = setTimeout(() => { if (running && !busy) epoch(); }, number('pace'));
    } else if (data.done === 'test') {
      halt(`Solved after ${epochs.length} epochs: no validation error twice in a row. 1000 test questions: loss ${data.test.test_loss}, error ${data.test.test_error} %. "Go on" trains further.`);
      byId('status').dataset.test = JSON.stringify(data.test);
      document.title = 'Solved - H-Mem playground';
    } else if (data.done === 'ask') {
      const {asked} = data, unknown = asked.unknown.length ? ` Not in the training stories, so read as nothing: ${asked.unknown.join(', ')}.` : '';
      byId('reply').textContent = `${asked.question}? ${asked.found.answer}, ${percent(asked.found.probability)}.${unknown} ${margin(asked.found)}`;
      table(byId('asked_head'), byId('asked_terms'), asked);
    } else {  // loaded, perhaps after the first click
      buttons();
      if (running || once) go();
    }
  };
  matchMedia('(prefers-color-scheme: dark)').onchange = draw;
  byId('controls').hidden = false;
  drawCurves();
  send('load', {wasm: byId('wasm').textContent.trim()});
})();
