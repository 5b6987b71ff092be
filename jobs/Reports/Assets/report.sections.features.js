// Training sets, the features in them, and where one of them comes from.

const statusParts = () => [
  { name: t('status.present'), colour: 'accent' },
  { name: t('status.expired'), colour: 'accentMid' },
  { name: t('status.absent'), colour: 'grey' },
];

function trainingSection() {
  if (!data.trainingSets.length) return null;
  return section('training', t('training.title'), t('training.about'), data.trainingSets.map(set => h('div', { class: 'card' },
    h('h3', { style: { marginTop: '0' } }, set.name, ' ', tag('v' + set.version)),
    set.description ? h('p', { class: 'about' }, local(set.description)) : null,
    h('div', { class: 'facts' },
      h('span', null, h('b', null, number(set.rowCount)), ' ', t('training.rows')),
      set.service ? h('span', null, t('training.service'), ' ', code(set.service)) : null,
      set.sizeBytes === null ? null : h('span', null, h('b', null, bytes(set.sizeBytes))),
      h('span', null, t('table.hash'), ' ', hash(set.contentHash))),
    set.splits.length ? splits(set) : null,
    set.views.some(v => v.isPointInTime) ? statuses(set) : null,
    set.views.filter(v => !v.isPointInTime).map(v => h('p', { class: 'small', style: { margin: '12px 0 0' } }, code(v.name), ' ', tag(t('view.notPointInTime'), 'warn'), ' ', t('view.byKeyAlone'))))));
}

function splits(set) {
  const whole = set.splits.reduce((sum, s) => sum + s.rowCount, 0);
  const columns = [
    { title: t('split.name'), head: true, value: s => splitName(s.name) },
    { title: t('split.until'), value: s => (s.before ? t('split.before', instant(s.before, false)) : '–') },
    { title: t('table.rows'), number: true, value: s => [number(s.rowCount), cellBar(s.rowCount, whole)] },
    { title: t('split.share'), number: true, value: s => share(s.rowCount, whole) },
    ...set.labels.map((label, i) => ({ title: label.isShare ? t('split.labelShare', label.name) : t('split.labelMean', label.name), number: true, value: s => (s.labelMeans[i] === null ? '–' : label.isShare ? percent(s.labelMeans[i]) : measure(s.labelMeans[i])) })),
  ];
  return h('div', { style: { marginTop: '14px' } }, table(columns, set.splits));
}

function statuses(set) {
  const views = set.views.filter(v => v.isPointInTime);
  const rows = views.map(v => ({ name: v.name, values: [v.present, v.expired, v.absent] }));
  const columns = [
    { title: t('view.name'), head: true, value: v => code(v.name) },
    { title: t('view.ttl'), value: v => (v.timeToLiveSeconds === null ? t('view.noTtl') : seconds(v.timeToLiveSeconds)) },
    ...[['present', 'present'], ['expired', 'expired'], ['absent', 'absent']].map(([key, property]) => ({ title: t('status.' + key), number: true, value: v => number(v[property]) })),
  ];
  return h('div', { style: { marginTop: '18px' } },
    h('h4', null, t('status.title')), h('p', { class: 'small', style: { margin: '2px 0 6px' } }, t('status.about')),
    stackedBars({ label: t('status.chart'), parts: statusParts(), rows }),
    table(columns, views));
}

function featuresSection() {
  const sets = data.trainingSets.filter(set => set.features.length);
  if (!sets.length) return null;
  return section('features', t('features.title'), t('features.about'), sets.map((set, i) => {
    const views = set.views.map(view => {
      const features = set.features.filter(f => f.view === view.name);
      return features.length ? [
        h('h3', null, code(view.name), ' ', view.isPointInTime ? null : tag(t('view.notPointInTime'), 'warn')),
        h('p', { class: 'small', style: { margin: '0' } }, t('view.from', view.table, view.tableVersion)),
        h('div', { class: 'grid' }, features.map(f => feature(set, f))),
      ] : null;
    });
    if (set.features.length < set.featureCount) views.push(h('p', { class: 'small' }, t('features.first', number(set.features.length), number(set.featureCount))));
    return i === 0 ? [sets.length > 1 ? h('p', { class: 'about' }, t('features.of', set.name)) : null, views] : details(t('features.more', set.name), views);
  }));
}

function feature(set, f) {
  const asText = f.kind === 'time' ? v => instant(v, false) : f.kind === 'number' ? measure : v => cell(v);
  const facts = [
    [t('feature.missing'), share(f.missing, f.rowCount)],
    [t('feature.null'), share(f.nulls, f.rowCount)],
    ...(f.kind === 'text' ? [[t('feature.distinct'), number(f.distinct)]] : []),
    ...['min', 'median', 'mean', 'max'].filter(k => f[k] !== null && f[k] !== undefined).map(k => [t('feature.' + k), asText(f[k])]),
  ];
  const label = t('feature.chart', f.name);
  const picture = f.bins.length ? histogram({
    label, bins: f.bins, text: asText,
    asTable: () => table([
      { title: t('feature.from'), head: true, value: b => asText(b.from) }, { title: t('feature.to'), value: b => asText(b.to) }, { title: t('table.rows'), number: true, value: b => number(b.count) },
    ], f.bins),
  }) : f.topValues.length ? h('div', { style: { marginTop: '8px' } }, table([
    { title: t('feature.value'), head: true, value: v => cell(v.value) },
    { title: t('table.rows'), number: true, value: v => [number(v.count), cellBar(v.count, f.topValues[0].count)] },
  ], f.topValues)) : null;
  return h('div', { class: 'card' }, h('h4', null, f.name), h('div', { class: 'small' }, f.type), picture, h('div', { class: 'facts', style: { marginTop: '8px' } }, facts.map(([k, v]) => h('span', null, k, ' ', h('b', null, v)))));
}

function lineageSection() {
  const lineage = data.lineage;
  if (!lineage) return null;
  const byId = new Map(lineage.nodes.map(n => [n.id, n]));
  // A column that several others rest on is opened up where it stands first.
  const opened = new Set();
  const asTree = id => {
    const incoming = lineage.edges.filter(e => e.to === id);
    const node = byId.get(id);
    return h('li', null, code(node.relation + '.' + node.column),
      incoming.length && !opened.has(id) && opened.add(id) ? h('ul', null, incoming.map(e => { const child = asTree(e.from); child.prepend(tag(t(e.isValue ? 'lineage.value' : 'lineage.influence'), e.isValue ? 'good' : ''), ' '); return child; })) : null);
  };
  const root = lineage.nodes.find(n => !lineage.edges.some(e => e.from === n.id));
  const layer = new Map();
  const layerOf = id => { if (!layer.has(id)) layer.set(id, Math.max(-1, ...lineage.edges.filter(e => e.to === id).map(e => layerOf(e.from))) + 1); return layer.get(id); };
  const nodes = lineage.nodes.map(n => ({ id: n.id, title: n.column, note: n.relation, layer: layerOf(n.id), strong: n === root }));
  const edges = lineage.edges.map(e => ({ from: e.from, to: e.to, dashed: !e.isValue, text: t(e.isValue ? 'lineage.value' : 'lineage.influence') }));
  return section('lineage', t('lineage.title', lineage.column), t('lineage.about', lineage.trainingSet),
    h('div', { class: 'card' },
      layered({ label: t('lineage.chart', lineage.column), nodes, edges, widthMin: nodes.length > 60 ? Infinity : 640, asTable: () => h('ul', { class: 'tree' }, asTree(root.id)) }),
      h('ul', { class: 'legend' },
        h('li', null, h('i', { class: 'line', style: { color: 'var(--accent-mid)' } }), t('lineage.valueAbout')),
        h('li', null, h('i', { class: 'line dashed', style: { color: 'var(--grey)' } }), t('lineage.influenceAbout')))));
}
