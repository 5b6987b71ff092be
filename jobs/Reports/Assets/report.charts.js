// One wrapper for all charts: drawn when it has a width, redrawn when the width changes, with a table beside it for who cannot see it.
const liveCharts = [];

function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = name => style.getPropertyValue('--' + name).trim();
  return { text: of('text'), muted: of('muted'), line: of('line'), soft: of('line-soft'), surface: of('surface'), ground: of('ground'), accent: of('accent'), accentSoft: of('accent-soft'), accentMid: of('accent-mid'), grey: of('grey'), warn: of('warn') };
}

function baseOption(c) {
  return {
    animation: false,
    textStyle: { color: c.muted, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12.5 },
    color: [c.accent, c.accentMid, c.grey],
    grid: { left: 4, right: 14, top: 10, bottom: 4, containLabel: true },
    tooltip: { trigger: 'item', confine: true, backgroundColor: c.surface, borderColor: c.line, textStyle: { color: c.text, fontSize: 13 }, extraCssText: 'box-shadow:none;max-width:320px;white-space:normal' },
  };
}

const axisOf = (c, extra) => ({ axisLine: { lineStyle: { color: c.line } }, axisTick: { show: false }, axisLabel: { color: c.muted, fontSize: 12 }, splitLine: { lineStyle: { color: c.soft } }, ...extra });

// Tooltips are elements too, never markup.
const tip = (...lines) => h('div', null, lines.map(line => h('div', null, line)));

// build(colours, width) gives an ECharts option, or null where the width is too small for this chart.
// asTable stands under the chart, closed; `open` shows it in place of a chart that is too narrow.
function chart({ label, height, build, asTable, alwaysTable }) {
  const box = h('div', { class: 'chart', role: 'img', 'aria-label': label });
  const below = asTable ? details(t('chart.table'), asTable()) : null;
  const figure = h('figure', null, box, alwaysTable ? null : below);
  const live = { box, chart: null, width: 0, draw: null };
  live.draw = width => {
    live.width = width;
    const c = colours();
    const option = build(c, width);
    if (below && !alwaysTable) below.open = below.open || !option;
    box.style.display = option ? '' : 'none';
    if (!option) { live.chart?.dispose(); live.chart = null; return; }
    box.style.height = (typeof height === 'function' ? height(width) : height) + 'px';
    live.chart ??= echarts.init(box, null, { renderer: 'svg' });
    live.chart.resize();
    live.chart.setOption({ ...baseOption(c), ...option }, true);
  };
  const observer = new ResizeObserver(() => {
    const width = figure.clientWidth;
    if (width > 0 && Math.abs(width - live.width) >= 1) live.draw(width);
  });
  observer.observe(figure);
  live.end = () => { observer.disconnect(); live.chart?.dispose(); };
  liveCharts.push(live);
  return figure;
}

function endCharts() { while (liveCharts.length) liveCharts.pop().end(); }
function redrawCharts() { for (const live of liveCharts) if (live.width > 0) live.draw(live.width); }

// The room that names may take left of the bars.
const nameRoom = (names, width, widest) => Math.min(widest, width * 0.42, nameWidthOf(names));
const nameWidthOf = names => 14 + Math.max(...names.map(name => textWidth(name)));
// Names that would be cut stand above their bars, which then begin at the left edge.
const NAME_HEIGHT = 20;
const isAbove = (names, width, widest) => nameWidthOf(names) > nameRoom(names, width, widest);
let ruler;
function textWidth(text) {
  ruler ??= document.createElement('canvas').getContext('2d');
  ruler.font = '13px ' + getComputedStyle(document.body).fontFamily;
  return ruler.measureText(text).width;
}
const fits = (text, room) => textWidth(text) * 1.05 <= room;
// Out of the middle, since names that begin alike often differ at their ends.
function cut(text, room) {
  const letters = [...text];
  let kept = letters.length;
  const shown = () => (kept === letters.length ? text : letters.slice(0, Math.ceil(kept / 2)).join('') + '…' + letters.slice(letters.length - Math.floor(kept / 2)).join(''));
  while (kept > 1 && !fits(shown(), room)) kept--;
  return shown();
}
function nameAxis(c, names, width, widest, above = 12) {
  const label = { color: c.text, fontSize: 13, overflow: 'truncate', interval: 0, align: 'left' };
  const room = nameRoom(names, width, widest);
  const placed = isAbove(names, width, widest)
    ? { inside: true, margin: 0, width, verticalAlign: 'bottom', padding: [0, 0, above, 0] }
    : { margin: room, width: room - 8 };
  return axisOf(c, { type: 'category', inverse: true, z: 3, data: names, axisLine: { show: false }, axisLabel: { ...label, ...placed } });
}
const barsLeft = (names, width, widest) => (isAbove(names, width, widest) ? 0 : nameRoom(names, width, widest));
const barsHeight = (names, width, widest, edge, line) => edge + names.length * (line + (isAbove(names, width, widest) ? NAME_HEIGHT : 0));

// Bars of one measure, one below the other; rows: { name, value, text, warn }; line: { at, name } is what they are held against.
function bars({ label, rows, asTable, from = 0, to, line, nameWidth = 150, room = 84 }) {
  const names = rows.map(r => r.name);
  return chart({
    label, asTable, height: width => barsHeight(names, width, nameWidth, line ? 34 : 18, 34),
    build: (c, width) => ({
      grid: { left: barsLeft(names, width, nameWidth), right: room, top: line ? 20 : 4, bottom: 4 },
      xAxis: { type: 'value', min: from, max: to, show: false },
      graphic: line ? uprights([{ at: (line.at - from) / (to - from), name: line.name }], { left: barsLeft(names, width, nameWidth), right: room }, width, 8, { from: 18, to: barsHeight(names, width, nameWidth, 34, 34) - 4, colour: c.warn, dash: [4, 4] }, c.warn) : undefined,
      yAxis: nameAxis(c, names, width, nameWidth),
      tooltip: { ...baseOption(c).tooltip, formatter: p => tip(rows[p.dataIndex].name, rows[p.dataIndex].text) },
      series: [{
        type: 'bar', barMaxWidth: 16, barMinHeight: 1, itemStyle: { borderRadius: 3 },
        data: rows.map(r => ({ value: r.value, itemStyle: { color: !r.value ? 'transparent' : r.warn ? c.warn : c.accent } })),
        label: { show: true, position: 'right', color: c.text, fontSize: 13, formatter: p => rows[p.dataIndex].text },
      }],
    }),
  });
}

// Parts in one line for each row, of a whole or (isShare: false) by their size; parts: { name, colour }, rows: { name, values }.
function stackedBars({ label, parts, rows, asTable, say = number, isShare = true }) {
  const sum = row => row.values.reduce((a, b) => a + b, 0);
  const names = rows.map(r => r.name);
  const figure = chart({
    label, asTable, height: width => barsHeight(names, width, 240, 14, 38),
    build: (c, width) => ({
      grid: { left: barsLeft(names, width, 240), right: 0, top: 2, bottom: 2 },
      xAxis: { type: 'value', min: 0, max: isShare ? 1 : 'dataMax', show: false },
      yAxis: nameAxis(c, names, width, 240),
      tooltip: { ...baseOption(c).tooltip, formatter: p => { const row = rows[p.dataIndex]; const part = row.values[p.seriesIndex]; return tip(row.name, parts[p.seriesIndex].name + ': ' + say(part) + ' (' + share(part, sum(row)) + ')'); } },
      series: parts.map((part, i) => ({
        type: 'bar', stack: 'all', barMaxWidth: 18, itemStyle: { color: c[part.colour], borderColor: c.surface, borderWidth: 1 },
        data: rows.map(r => r.values[i] / (isShare ? sum(r) || 1 : 1)),
      })),
    }),
  });
  figure.append(legend(parts));
  return figure;
}

// Upright lines through a chart, and their names above or below it; lines: { at: 0 to 1 of the axis, name }.
const uprights = (lines, grid, width, y, look, colour) => ({
  elements: lines.flatMap(l => {
    const x = grid.left + l.at * (width - grid.left - grid.right);
    return [
      { type: 'line', silent: true, z: 1, shape: { x1: x, y1: look.from, x2: x, y2: look.to }, style: { stroke: look.colour, lineWidth: 1.2, lineDash: look.dash } },
      { type: 'text', silent: true, z: 1, x, y, style: { text: l.name, textAlign: l.align || 'center', textVerticalAlign: 'middle', fill: colour, fontSize: 12, fontFamily: getComputedStyle(document.body).fontFamily } },
    ];
  }),
});

// Bars side by side for each row, of one measure; parts: { name, colour }, rows: { name, values }.
function groupedBars({ label, parts, rows, asTable, max, say }) {
  const names = rows.map(r => r.name);
  const figure = chart({
    label, asTable, height: width => barsHeight(names, width, 240, 10, 14 + 17 * parts.length),
    build: (c, width) => ({
      grid: { left: barsLeft(names, width, 240), right: 108, top: 2, bottom: 2 },
      xAxis: { type: 'value', min: 0, max, show: false },
      yAxis: nameAxis(c, names, width, 240, 8 * parts.length + 4),
      tooltip: { ...baseOption(c).tooltip, formatter: p => tip(names[p.dataIndex], parts[p.seriesIndex].name + ': ' + say(rows[p.dataIndex].values[p.seriesIndex])) },
      series: parts.map((part, i) => ({
        type: 'bar', barWidth: 12, barGap: '30%', barMinHeight: 1, itemStyle: { color: c[part.colour], borderRadius: 3 },
        label: { show: true, position: 'right', color: c.muted, fontSize: 12, formatter: p => say(rows[p.dataIndex].values[i]) },
        data: rows.map(r => ({ value: r.values[i], itemStyle: r.values[i] ? {} : { color: 'transparent' } })),
      })),
    }),
  });
  figure.append(legend(parts));
  return figure;
}

const legend = parts => h('ul', { class: 'legend' }, parts.map(part => h('li', null, h('i', { style: { background: `var(--${part.colour === 'accentMid' ? 'accent-mid' : part.colour})` } }), part.name)));

// From least to greatest for each row, in milliseconds on a logarithmic scale: thick from the second to the fourth of five values, a mark at the second.
const AGE_LINES = [1e3, 6e4, 36e5, 864e5, 2592e6, 31536e6];
function spans({ label, rows, names: values, asTable }) {
  const names = rows.map(r => r.name);
  const at = v => Math.log(Math.max(v, 1000)), greatest = Math.max(...rows.flatMap(r => r.values), 60000);
  const lines = AGE_LINES.filter(v => v <= greatest);
  const figure = chart({
    label, asTable, height: width => barsHeight(names, width, 240, 34, 34),
    build: (c, width) => ({
      grid: { left: barsLeft(names, width, 240), right: 24, top: 4, bottom: 28 },
      xAxis: { type: 'value', min: at(0), max: at(greatest), show: false },
      graphic: uprights(lines.map((v, i) => ({ at: (at(v) - at(0)) / (at(greatest) - at(0)), name: i ? age(v) : t('leaks.upTo', age(v)), align: i ? 'center' : 'left' })), { left: barsLeft(names, width, 240), right: 24 }, width,
        barsHeight(names, width, 240, 34, 34) - 12, { from: 4, to: barsHeight(names, width, 240, 34, 34) - 24, colour: c.line }, c.muted),
      yAxis: nameAxis(c, names, width, 240),
      tooltip: { ...baseOption(c).tooltip, formatter: p => tip(names[p.dataIndex], ...values.map((name, i) => name + ': ' + age(rows[p.dataIndex].values[i]))) },
      series: [{
        type: 'custom', data: rows.map((r, i) => [i, ...r.values.map(at)]), encode: { x: [1, 2, 3, 4, 5], y: 0 },
        renderItem: (params, api) => {
          const place = i => api.coord([api.value(i), api.value(0)]);
          const y = place(1)[1], x = [1, 2, 3, 4, 5].map(i => place(i)[0]);
          return { type: 'group', children: [
            { type: 'rect', shape: { x: x[0], y: y - 9, width: Math.max(x[4] - x[0], 1), height: 18 }, style: { fill: 'transparent' } },
            { type: 'line', shape: { x1: x[0], y1: y, x2: Math.max(x[4], x[0] + 1), y2: y }, style: { stroke: c.grey, lineWidth: 2 } },
            { type: 'rect', shape: { x: x[1], y: y - 6, width: Math.max(x[3] - x[1], 2), height: 12, r: 3 }, style: { fill: c.accentMid } },
            { type: 'rect', shape: { x: x[1] - 1.5, y: y - 8, width: 3, height: 16, r: 1.5 }, style: { fill: c.accent } },
          ] };
        },
      }],
    }),
  });
  figure.append(legend([{ name: t('leaks.age.line'), colour: 'grey' }, { name: t('leaks.age.box'), colour: 'accentMid' }, { name: t('leaks.age.median'), colour: 'accent' }]));
  return figure;
}

function histogram({ label, bins, text, asTable }) {
  const whole = bins.reduce((sum, bin) => sum + bin.count, 0);
  return chart({
    label, asTable, height: 118,
    build: c => ({
      grid: { left: 2, right: 2, top: 6, bottom: 20 },
      xAxis: { type: 'value', min: 0, max: bins.length, interval: bins.length, axisLine: { lineStyle: { color: c.line } }, axisTick: { show: false }, splitLine: { show: false },
        axisLabel: { color: c.muted, fontSize: 11.5, formatter: v => (v === 0 ? text(bins[0].from) : text(bins[bins.length - 1].to)), alignMinLabel: 'left', alignMaxLabel: 'right' } },
      yAxis: { type: 'value', show: false },
      tooltip: { ...baseOption(c).tooltip, trigger: 'axis', axisPointer: { type: 'none' },
        formatter: p => { const bin = bins[Math.min(bins.length - 1, Math.floor(p[0].value[0]))]; return tip(text(bin.from) + ' – ' + text(bin.to), number(bin.count) + ' (' + share(bin.count, whole) + ')'); } },
      series: [{ type: 'bar', barWidth: '86%', barMinHeight: 1, itemStyle: { color: c.accent, borderRadius: [2, 2, 0, 0] }, data: bins.map((bin, i) => [i + 0.5, bin.count]) }],
    }),
  });
}

// Boxes in layers from left to right; nodes: { id, title, note, shortNote, layer, warn, strong }, edges: { from, to, dashed, text }.
function layered({ label, nodes, edges, asTable, alwaysTable, widthMin = 640 }) {
  const layers = [];
  for (const node of nodes) (layers[node.layer] ??= []).push(node);
  // A line that passes a layer gets a place there, as a box does, and so runs beside the boxes.
  const known = new Map(nodes.map(node => [node.id, node]));
  const passages = new Map(), lines = new Map();
  for (const e of edges.filter(e => e.from !== e.to)) {
    let from = known.get(e.from);
    const to = known.get(e.to), kind = e.dashed ? 'dashed' : 'whole';
    const draw = next => {
      const key = JSON.stringify([from.id, next.id, kind]);
      if (!lines.has(key)) lines.set(key, { from, to: next, dashed: e.dashed, texts: new Set() });
      lines.get(key).texts.add(e.text);
      from = next;
    };
    for (let layer = from.layer + 1; layer < to.layer; layer++) {
      const id = JSON.stringify([e.from, layer, kind]);
      if (!passages.has(id)) {
        passages.set(id, { id, layer, isPassage: true });
        (layers[layer] ??= []).push(passages.get(id));
      }
      draw(passages.get(id));
    }
    draw(to);
  }
  const links = [...lines.values()];
  const rowCount = Math.max(...layers.map(layer => layer.length));
  const place = new Map();
  const lineHeight = 66;
  const height = rowCount * lineHeight + 12;
  for (const layer of layers) {
    // A box stands as near as it can to the middle of what leads to it, so that lines cross little.
    const wanted = node => {
      const sources = links.filter(e => e.to === node && place.has(e.from)).map(e => place.get(e.from));
      return sources.length ? sources.reduce((a, b) => a + b, 0) / sources.length : 0;
    };
    const ordered = layer.map((node, i) => ({ node, at: wanted(node), i })).sort((a, b) => a.at - b.at || a.i - b.i);
    ordered.forEach(({ node }, i) => place.set(node, (i + 0.5) * (rowCount / ordered.length)));
  }
  return chart({
    label, asTable, alwaysTable, height,
    build: (c, width) => {
      if (width < widthMin) return null;
      const boxWidth = Math.min(224, width / layers.length - 34);
      const boxHeight = 46;
      const at = node => [layers.length === 1 ? width / 2 : 1 + boxWidth / 2 + node.layer * (width - 2 - boxWidth) / (layers.length - 1), place.get(node) * lineHeight + 6];
      const line = e => {
        const [x1, y1] = at(e.from), [x2, y2] = at(e.to);
        const start = x1 + boxWidth / 2, end = x2 - boxWidth / 2, bend = (end - start) / 2;
        const look = {
          z: 1, style: { stroke: e.dashed ? c.grey : c.accentMid, lineWidth: e.dashed ? 1.4 : 2, lineDash: e.dashed ? [4, 4] : null, fill: null },
          tooltip: { ...baseOption(c).tooltip, formatter: () => tip(...e.texts) },
        };
        return [
          { ...look, type: 'bezierCurve', shape: { x1: start, y1, x2: end, y2, cpx1: start + bend, cpy1: y1, cpx2: end - bend, cpy2: y2 } },
          ...(e.to.isPassage ? [{ ...look, type: 'line', shape: { x1: end, y1: y2, x2: end + boxWidth, y2 } }] : []),
        ];
      };
      const box = node => {
        const [x, y] = at(node);
        const rule = node.warn ? c.warn : node.strong ? c.accent : c.grey;
        const words = (text, dy, style) => ({ type: 'text', z: 3, silent: true, x, y: y + dy, style: { text: cut(text, boxWidth - 20), textAlign: 'center', textVerticalAlign: 'middle', fontFamily: baseOption(c).textStyle.fontFamily, ...style } });
        return {
          type: 'group', children: [
            { type: 'rect', z: 2, shape: { x: x - boxWidth / 2, y: y - boxHeight / 2, width: boxWidth, height: boxHeight, r: 8 }, style: { fill: node.strong ? c.accentSoft : c.surface, stroke: rule, lineWidth: 1 },
              tooltip: { ...baseOption(c).tooltip, formatter: () => tip(...[node.title, node.note, node.about].filter(Boolean)) } },
            words(node.title, -9, { fill: node.warn ? c.warn : c.text, fontSize: 13, fontWeight: 600 }),
            words((fits(node.note || '', boxWidth - 20) ? node.note : node.shortNote || node.note) || '', 10, { fill: c.muted, fontSize: 12 }),
          ],
        };
      };
      return { tooltip: baseOption(c).tooltip, graphic: { elements: [...links.flatMap(line), ...nodes.map(box)] } };
    },
  });
}
