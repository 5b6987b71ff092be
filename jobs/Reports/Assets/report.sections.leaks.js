// What in a training set may know more than a model will: what the rule kept out, and what looks too good.

// More splits than there are shades (folds) are a table.
const splitShades = ['accent', 'accentMid', 'grey'];
const STRENGTHS_SHOWN = 20;
const splitName = name => (t('split.' + name) === 'split.' + name ? name : t('split.' + name));

function leaksSection() {
  const sets = data.trainingSets.filter(set => set.leaks);
  if (!sets.length) return null;
  return section('leaks', t('leaks.title'), t('leaks.about'), sets.map(set => h('div', { class: 'card' },
    h('h3', { style: { marginTop: '0' } }, set.name, ' ', tag('v' + set.version)),
    verdict(set.leaks),
    keptOut(set), ages(set.leaks), missing(set.leaks), set.leaks.labels.map(label => strengths(set.leaks, label)), overlaps(set.leaks))));
}

const part = (title, about, ...content) => h('div', { style: { marginTop: '18px' } }, h('h4', null, title), h('p', { class: 'small', style: { margin: '2px 0 6px' } }, about), content);

function verdict(leaks) {
  const suspicious = leaks.features.filter(f => f.strengths.some(s => s.strength >= leaks.threshold));
  if (!leaks.labels.length) return h('p', { class: 'about' }, t('leaks.noLabel'));
  return h('p', { class: 'about' }, suspicious.length
    ? [tag(t('leaks.suspicious'), 'warn'), ' ', t('leaks.look', percent(leaks.threshold, 0)), ' ', suspicious.map((f, i) => [i ? ', ' : '', code(f.column)])]
    : t('leaks.none', percent(leaks.threshold, 0)));
}

// Features of one view that were answered alike stand in one line: whether there was a row does not depend on the column.
function alike(features, key) {
  const groups = new Map();
  for (const f of features) {
    const id = JSON.stringify([f.view, key(f)]);
    if (!groups.has(id)) groups.set(id, []);
    groups.get(id).push(f);
  }
  return [...groups.values()].map(group => ({ ...group[0], name: group.length === 1 ? group[0].column : t('leaks.features', group[0].view, number(group.length)) }));
}

function keptOut(set) {
  const features = set.leaks.features.filter(f => f.isPointInTime);
  if (!features.length) return null;
  const rows = alike(features, f => [f.fromFuture, f.expired]).map(f => ({ name: f.name, values: [f.fromFuture, f.expired] }));
  return part(t('leaks.kept'), t('leaks.keptAbout'), groupedBars({
    label: t('leaks.kept'), rows, max: set.rowCount, say: v => number(v) + ' (' + share(v, set.rowCount) + ')',
    parts: [{ name: t('leaks.fromFuture'), colour: 'accent' }, { name: t('status.expired'), colour: 'accentMid' }],
    asTable: () => table([
      { title: t('leaks.feature'), head: true, value: f => code(f.column) },
      { title: t('leaks.fromFuture'), number: true, value: f => number(f.fromFuture) }, { title: t('status.expired'), number: true, value: f => number(f.expired) },
    ], features),
  }));
}

function ages(leaks) {
  const features = leaks.features.filter(f => f.agesMs.length);
  if (!features.length) return null;
  const rows = alike(features, f => f.agesMs).map(f => ({ name: f.name, values: f.agesMs }));
  return part(t('leaks.ages'), t('leaks.agesAbout'), spans({
    label: t('leaks.ages'), rows, names: ['min', 'median', '90', '99', 'max'].map(q => t('leaks.age.' + q)),
    asTable: () => table([
      { title: t('leaks.feature'), head: true, value: f => code(f.column) },
      ...['min', 'median', '90', '99', 'max'].map((q, i) => ({ title: t('leaks.age.' + q), number: true, value: f => age(f.agesMs[i]) })),
    ], features),
  }));
}

function missing(leaks) {
  const features = leaks.features.filter(f => f.missing.length);
  if (!features.length) return null;
  const splits = features[0].missing.map(m => m.split);
  const asTable = () => table([
    { title: t('leaks.feature'), head: true, value: f => code(f.column) },
    ...splits.map((split, i) => ({ title: splitName(split), number: true, value: f => share(f.missing[i].missing, f.missing[i].rows) })),
  ], features);
  if (splits.length > splitShades.length) return part(t('leaks.missing'), t('leaks.missingAbout'), asTable());
  const rows = alike(features, f => f.missing.map(m => m.missing)).map(f => ({ name: f.name, values: f.missing.map(m => (m.rows ? m.missing / m.rows : 0)) }));
  return part(t('leaks.missing'), t('leaks.missingAbout'), groupedBars({
    label: t('leaks.missing'), rows, max: Math.max(0.01, ...rows.flatMap(r => r.values)), say: v => percent(v), asTable,
    parts: splits.map((split, i) => ({ name: splitName(split), colour: splitShades[i] })),
  }));
}

function strengths(leaks, label) {
  const all = leaks.features.flatMap(f => f.strengths.filter(s => s.label === label && s.value !== null).map(s => ({ column: f.column, ...s }))).sort((a, b) => b.strength - a.strength);
  if (!all.length) return null;
  const isArea = all[0].measure === 'auc';
  const text = s => (isArea ? t('leaks.auc', number(s.value, 3)) : t('leaks.correlation', number(s.value, 3)));
  const shown = all.slice(0, STRENGTHS_SHOWN);
  return part(t('leaks.strength', label), [t(isArea ? 'leaks.aucAbout' : 'leaks.correlationAbout', percent(leaks.threshold, 0)), all.length > shown.length ? ' ' + t('leaks.strongest', number(shown.length), number(all.length)) : '',
    leaks.rowsJudged < leaks.rowCount ? ' ' + t('leaks.judged', number(leaks.rowsJudged)) : ''],
    bars({
      label: t('leaks.strength', label), from: 0.5, to: 1, line: { at: leaks.threshold, name: percent(leaks.threshold, 0) }, nameWidth: 240,
      rows: shown.map(s => ({ name: s.column, value: s.strength, text: text(s), warn: s.strength >= leaks.threshold })),
      asTable: () => table([
        { title: t('leaks.feature'), head: true, value: s => code(s.column) }, { title: isArea ? t('leaks.area') : t('leaks.r'), number: true, value: s => number(s.value, 3) }, { title: t('leaks.strengthColumn'), number: true, value: s => percent(s.strength) },
      ], all),
    }));
}

function overlaps(leaks) {
  if (!leaks.entities.length) return null;
  const name = o => t('leaks.pair', o.entity, splitName(o.split), splitName(o.other));
  const text = o => t('leaks.of', number(o.shared), number(o.ofOther));
  const columns = [
    { title: t('leaks.entity'), head: true, value: o => code(o.entity) }, { title: t('leaks.earlier'), value: o => splitName(o.split) }, { title: t('leaks.later'), value: o => splitName(o.other) },
    { title: t('leaks.shared'), number: true, value: o => number(o.shared) }, { title: t('leaks.ofLater'), number: true, value: o => share(o.shared, o.ofOther) },
  ];
  // Folds make many pairs.
  if (leaks.entities.length > 12) return part(t('leaks.entities'), t('leaks.entitiesAbout'), table(columns, leaks.entities));
  return part(t('leaks.entities'), t('leaks.entitiesAbout'), bars({
    label: t('leaks.entities'), to: 1, nameWidth: 240, room: 110, rows: leaks.entities.map(o => ({ name: name(o), value: o.ofOther ? o.shared / o.ofOther : 0, text: text(o) })), asTable: () => table(columns, leaks.entities),
  }));
}
