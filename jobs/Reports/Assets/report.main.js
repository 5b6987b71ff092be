// The page is made anew when the language changes, and keeps its place.
const root = document.getElementById('report');

function controls() {
  const other = settings.lang === 'zh' ? 'en' : 'zh';
  return h('div', { class: 'controls' },
    h('button', { type: 'button', lang: other === 'zh' ? 'zh-CN' : 'en', onclick: () => { settings.lang = other; remembered.set('lang', other); render(); document.querySelector('.controls button').focus(); } }, other === 'zh' ? '中文' : 'English'),
    h('button', { type: 'button', id: 'theme', onclick: () => { settings.theme = isDark() ? 'light' : 'dark'; remembered.set('theme', settings.theme); applyTheme(); } }, t(isDark() ? 'theme.light' : 'theme.dark')));
}

function applyTheme(forced) {
  document.documentElement.dataset.theme = forced || (isDark() ? 'dark' : 'light');
  const button = document.getElementById('theme');
  if (button) button.textContent = t(isDark() ? 'theme.light' : 'theme.dark');
  redrawCharts();
}

function render() {
  const top = scrollY;
  endCharts();
  document.documentElement.lang = settings.lang === 'zh' ? 'zh-CN' : 'en';
  document.title = local(data.title);
  const sections = [trainingSection(), panelsSection(), tablesSection(), rowsSection(), expectationsSection(), featuresSection(), leaksSection(), lineageSection(), timingsSection(), provenanceSection()].flat(Infinity).filter(Boolean);
  root.replaceChildren(h('div', { class: 'page' },
    h('a', { class: 'skip', href: '#content' }, t('skip')),
    h('header', { class: 'top' },
      h('div', { class: 'bar' }, h('div', { class: 'brand' }, h('b', null, 'Lepton.Data'), ' · ', data.provenance.project), controls()),
      h('h1', null, local(data.title)),
      data.introduction ? h('p', { class: 'lead' }, local(data.introduction)) : null,
      summary(),
      h('nav', { class: 'sections', 'aria-label': t('nav') }, h('ul', null, sections.map(s => h('li', null, h('a', { href: '#' + s.id }, s.querySelector('h2').textContent)))))),
    h('main', { id: 'content' }, sections),
    h('footer', null, t('footer'))));
  scrollTo(0, top);
}

applyTheme();
render();
prefersDark.addEventListener('change', () => applyTheme());
addEventListener('beforeprint', () => { document.querySelectorAll('figure > details').forEach(d => { d.open = false; }); applyTheme('light'); });
addEventListener('afterprint', () => applyTheme());
