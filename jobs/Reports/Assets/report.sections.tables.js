// What was read, made and refused.

function summary() {
  const read = data.sources.reduce((sum, s) => sum + (s.rows || 0), 0);
  const refused = data.refused.reduce((sum, r) => sum + r.rowCount, 0);
  const figure = (n, l, warn) => h('div', null, h('span', { class: 'n' + (warn ? ' warn-text' : '') }, n), h('span', { class: 'l' }, l));
  const took = data.steps.reduce((sum, s) => sum + s.durationMs, 0);
  return h('div', { class: 'figures' },
    figure(number(read), t('summary.read')),
    figure(number(data.steps.length), t('summary.tables')),
    figure(number(refused), t('summary.refused'), refused > 0),
    data.trainingSets.length ? figure(number(data.trainingSets[0].rowCount), t('summary.training')) : null,
    figure(duration(took), t('summary.time')));
}

function tablesSection() {
  const columns = [
    { title: t('table.name'), head: true, value: s => [code(s.table), s.description ? h('div', { class: 'small' }, local(s.description)) : null] },
    { title: t('table.rows'), number: true, value: s => number(s.rowsKept) },
    { title: t('table.version'), number: true, value: s => (s.tableVersion === null ? '–' : number(s.tableVersion)) },
    { title: t('table.hash'), value: s => (s.contentHash ? hash(s.contentHash) : h('span', { class: 'small' }, t('table.nohash'))) },
  ];
  return section('tables', t('tables.title'), t('tables.about'), h('div', { class: 'card' }, table(columns, data.steps)));
}

function rowsSection() {
  const inputs = s => s.inputs.filter(i => !i.isCheckOnly);
  const names = new Set(data.steps.map(s => s.table));
  const counted = count => ({ note: t('rows.count', number(count)), shortNote: short(count) });
  const nodes = [...data.sources.map(s => ({ id: s.name, title: s.name, ...(s.rows === null ? { note: s.format } : counted(s.rows)), about: s.path, layer: 0 }))];
  const layerOf = name => (names.has(name) ? 1 + Math.max(0, ...inputs(data.steps.find(s => s.table === name)).map(i => (i.name === name ? 0 : layerOf(i.name)))) : 0);
  for (const s of data.steps) {
    nodes.push({ id: s.table, title: s.table, ...counted(s.rowsKept), about: local(s.description), layer: layerOf(s.table), strong: true });
    if (s.rowsRefused > 0) nodes.push({ id: s.table + '__quarantine', title: s.table + '__quarantine', ...counted(s.rowsRefused), about: t('rows.refused'), layer: layerOf(s.table) + 1, warn: true });
    if (s.rowsLate > 0) nodes.push({ id: s.table + '__late', title: s.table + '__late', ...counted(s.rowsLate), about: t('rows.late'), layer: layerOf(s.table) + 1, warn: true });
  }
  const edges = data.steps.flatMap(s => [
    ...inputs(s).map(i => ({ from: i.name, to: s.table, text: i.name + ' → ' + s.table })),
    ...(s.rowsRefused > 0 ? [{ from: s.table, to: s.table + '__quarantine', text: t('rows.refused') }] : []),
    ...(s.rowsLate > 0 ? [{ from: s.table, to: s.table + '__late', text: t('rows.late') }] : []),
  ]).filter(e => nodes.some(n => n.id === e.from));
  const rowsIn = s => inputs(s).reduce((sum, i) => sum + (i.rows || 0), 0);
  const columns = [
    { title: t('rows.step'), head: true, value: s => [code(s.table), ' ', s.isReused ? tag(t('rows.reused')) : null] },
    { title: t('rows.from'), value: s => inputs(s).map((i, n) => [n ? ', ' : '', code(i.name)]) },
    { title: t('rows.in'), number: true, value: s => number(rowsIn(s)) },
    { title: t('rows.made'), number: true, value: s => number(s.rowsMade) },
    { title: t('rows.refusedCount'), number: true, value: s => (s.rowsRefused > 0 ? h('span', { class: 'warn-text' }, number(s.rowsRefused)) : number(0)) },
    ...(data.steps.some(s => s.rowsLate > 0) ? [{ title: t('rows.lateCount'), number: true, value: s => (s.rowsLate > 0 ? h('span', { class: 'warn-text' }, number(s.rowsLate)) : number(0)) }] : []),
    { title: t('rows.kept'), number: true, value: s => number(s.rowsKept) },
  ];
  const sources = [
    { title: t('source.name'), head: true, value: s => [code(s.name), ...(s.changes || []).map(change => h('div', { class: 'small warn-text' }, `${t('source.changed')} ${change}`))] },
    { title: t('source.file'), value: s => [code(s.path), ' ', h('span', { class: 'small' }, s.format)] },
    { title: t('rows.in'), number: true, value: s => (s.rows === null ? '–' : number(s.rows)) },
    { title: t('source.size'), number: true, value: s => (s.sizeBytes === null ? '–' : bytes(s.sizeBytes)) },
    { title: 'SHA-256', value: s => hash(s.sha256) },
  ];
  return section('rows', t('rows.title'), t('rows.about'),
    h('div', { class: 'card' },
      layered({ label: t('rows.chart'), nodes, edges, alwaysTable: true }),
      table(columns, data.steps)),
    h('h3', null, t('source.title')), h('div', { class: 'card' }, table(sources, data.sources)));
}

function expectationsSection() {
  const count = value => (value === null ? '–' : number(value));
  const outcome = r => (!r.rowsBroken ? tag(t('rule.holds'), 'good')
    : tag(r.onFailure === 'fail' ? t('rule.failed') : r.onFailure === 'warn' ? (r.rowsFound == null ? t('rule.warned', number(r.rowsBroken)) : t('rule.warned_table', number(r.rowsFound))) : t('rule.quarantined', number(r.rowsBroken)), 'warn'));
  const columns = [
    { title: t('rule.name'), head: true, value: r => [code(r.name), h('div', { class: 'small' }, code(r.says))] },
    { title: t('rule.table'), value: r => code(r.table) },
    { title: t('rule.checked'), number: true, value: r => count(r.rowsChecked) },
    { title: t('rule.broken'), number: true, value: r => (r.rowsFound == null ? count(r.rowsBroken) : '–') },
    { title: t('rule.outcome'), value: outcome },
  ];
  const broken = data.rules.filter(r => r.rowsBroken > 0).sort((a, b) => b.rowsBroken - a.rowsBroken);
  const onRows = broken.filter(r => r.rowsFound == null);
  return section('expectations', t('rule.title'), t('rule.about', number(data.rules.length), number(data.rules.length - broken.length)),
    h('div', { class: 'card' },
      onRows.length > 1 ? bars({ label: t('rule.chart'), rows: onRows.map(r => ({ name: r.table + '.' + r.name, value: r.rowsBroken, text: number(r.rowsBroken), warn: true })), nameWidth: 260 }) : null,
      table(columns, data.rules)),
    data.refused.filter(r => r.rows.length).map(r => [
      h('h3', null, t('refused.title', r.table)),
      h('p', { class: 'about' }, t('refused.about', number(r.rows.length), number(r.rowCount), r.table + '__quarantine')),
      h('div', { class: 'card' }, table(r.columns.map((c, i) => ({
        title: c.name === '__rules' ? t('rule.name') : c.name, head: i === 0, number: i > 0 && c.kind === 'number', value: row => (c.kind === 'text' && row[i] !== null ? String(row[i]) : cell(row[i])),
      })), r.rows)),
    ]));
}

function timingsSection() {
  if (!data.steps.length) return null;
  const reused = data.steps.filter(s => s.isReused).map(s => s.table);
  const phases = [...new Set(data.steps.flatMap(s => s.phases.map(p => p.name)))];
  const named = name => (t('phase.' + name) === 'phase.' + name ? name : t('phase.' + name));
  const took = (s, name) => s.phases.filter(p => p.name === name).reduce((sum, p) => sum + p.durationMs, 0);
  const shades = ['accent', 'accentMid', 'grey', 'muted'];
  const columns = [
    { title: t('rows.step'), head: true, value: s => code(s.table) },
    ...phases.map(name => ({ title: named(name), number: true, value: s => duration(took(s, name)) })),
    { title: t('time.took'), number: true, value: s => duration(s.durationMs) },
  ];
  return section('timings', t('time.title'), reused.length ? t('time.reused', reused.join(', ')) : t('time.about'),
    h('div', { class: 'card' },
      stackedBars({
        label: t('time.chart') + ': ' + data.steps.map(s => s.table + ' ' + duration(s.durationMs)).join(', '), say: duration, isShare: false,
        parts: phases.map((name, i) => ({ name: named(name), colour: shades[i % shades.length] })),
        rows: data.steps.map(s => ({ name: s.table, values: phases.map(name => took(s, name)) })),
      }),
      table(columns, data.steps)));
}
