// The project's own panels, and how the report came to be.

function panelsSection() {
  return data.panels.map(panel => section('panel-' + panel.name, local(panel.title), local(panel.text), h('div', { class: 'card' },
    panelPicture(panel), details(t('panel.sql'), h('pre', null, panel.sql.trim())))));
}

function panelPicture(panel) {
  const column = name => panel.columns.find(c => c.name === name);
  const index = name => panel.columns.findIndex(c => c.name === name);
  const title = c => local(c.title) || c.name;
  const say = (c, value) => {
    const named = c.values && c.values.find(v => v.value === String(value));
    return named ? local(named.text) : cell(value, c.format);
  };
  const asTable = () => table(panel.columns.map((c, i) => ({ title: title(c), head: i === 0, number: c.kind === 'number', value: row => say(c, row[i]) })), panel.rows);
  if (!panel.rows.length) return h('p', { class: 'about' }, t('panel.empty'));
  if (panel.chart === 'number') return h('div', { class: 'compare' }, panel.columns.map((c, i) => h('div', null, h('span', { class: 'n' }, say(c, panel.rows[0][i])), h('span', { class: 'l' }, title(c)))));
  const x = column(panel.x) || panel.columns[0];
  const measures = (panel.y.length ? panel.y.map(column) : panel.columns.filter(c => c !== x && c.kind === 'number')).filter(Boolean);
  if (panel.chart === 'bar') {
    return [measures.map(c => {
      const rows = panel.rows.slice(0, 40).map(row => ({ name: say(x, row[index(x.name)]), value: row[index(c.name)], text: say(c, row[index(c.name)]) }));
      return [measures.length > 1 || true ? h('h4', { style: { fontWeight: '500' } }, title(c), panel.from ? h('span', { class: 'small' }, ' ', t('panel.from', measure(panel.from))) : null) : null,
        bars({ label: title(c) + ': ' + rows.map(r => r.name + ' ' + r.text).join(', '), rows, from: panel.from || 0 })];
    }), asTable()];
  }
  if (panel.chart === 'line') return [lines(panel, x, measures, index, say, title, asTable)];
  return asTable();
}

function lines(panel, x, measures, index, say, title, asTable) {
  return chart({
    label: local(panel.title), height: 260, asTable,
    build: c => ({
      color: [c.accent, c.warn, c.grey],
      grid: { left: 4, right: 14, top: measures.length > 1 ? 34 : 12, bottom: 4, containLabel: true },
      legend: measures.length > 1 ? { top: 0, left: 0, textStyle: { color: c.muted }, icon: 'roundRect', itemHeight: 3 } : undefined,
      xAxis: axisOf(c, { type: 'category', data: panel.rows.map(row => say(x, row[index(x.name)])), axisLabel: { color: c.muted, fontSize: 12, alignMinLabel: 'left', alignMaxLabel: 'right' } }),
      yAxis: axisOf(c, { type: 'value', min: panel.from === null ? undefined : panel.from, axisLabel: { color: c.muted, formatter: v => (measures[0].format === 'percent' ? percent(v, 0) : short(v)) } }),
      tooltip: { ...baseOption(c).tooltip, trigger: 'axis', formatter: p => tip(p[0].name, ...p.map(point => title(measures[point.seriesIndex]) + ': ' + say(measures[point.seriesIndex], point.value))) },
      series: measures.map(m => ({ type: 'line', name: title(m), symbol: 'none', lineStyle: { width: 2 }, data: panel.rows.map(row => row[index(m.name)]) })),
    }),
  });
}

function provenanceSection() {
  const p = data.provenance;
  const row = (name, ...value) => h('tr', null, h('th', { scope: 'row' }, name), h('td', { 'data-label': name, class: 'wide' }, value));
  return section('provenance', t('prov.title'), t('prov.about'),
    h('div', { class: 'card' }, h('table', { class: 'stack' }, h('tbody', null,
      row(t('prov.project'), p.project),
      row(t('prov.runs'), p.runs.map((r, i) => [i ? h('br') : null, r.pipeline + ': ', code(r.id), ' ', h('span', { class: 'small' }, instant(r.finishedAt))])),
      row(t('prov.software'), 'Lepton.Data ' + p.softwareVersion),
      row(t('prov.engine'), p.engine),
      p.snapshots.length ? row(t('prov.snapshots'), p.snapshots.map((s, i) => [i ? ', ' : '', code(s.table + '@' + s.version)])) : null)),
      p.commands.length ? [h('p', { style: { margin: '16px 0 0' } }, t('prov.reproduce')), h('pre', { class: 'wrap' }, p.commands.join('\n'))] : null));
}
