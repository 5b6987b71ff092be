// Language, theme, and how numbers, times and sizes are written in each language.
const data = JSON.parse(document.getElementById('report-data').textContent);
const texts = JSON.parse(document.getElementById('report-texts').textContent);

// A file opened from disk may have no storage; then the choice lasts as long as the page.
const remembered = {
  get(key) { try { return localStorage.getItem('lepton.report.' + key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem('lepton.report.' + key, value); } catch { /* the page works without it */ } },
};
const asked = new URLSearchParams(location.search);
const settings = {
  lang: asked.get('lang') || remembered.get('lang') || (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en'),
  theme: asked.get('theme') || remembered.get('theme') || 'auto',
};
if (settings.lang !== 'zh') settings.lang = 'en';
const prefersDark = matchMedia('(prefers-color-scheme: dark)');
const isDark = () => settings.theme === 'dark' || (settings.theme !== 'light' && prefersDark.matches);
const locale = () => (settings.lang === 'zh' ? 'zh-CN' : 'en');

// A text of the report itself, with {0}, {1} filled; {0:row|rows} is the number and the word that fits it.
function t(key, ...args) {
  const pair = texts[key];
  const text = pair ? pair[settings.lang] : key;
  return text.replace(/\{(\d)(?::([^|}]*)\|([^}]*))?\}/g, (_, n, one, many) => (one === undefined ? args[n] : `${args[n]} ${args[n] === '1' ? one : many}`));
}

// A text that a person gave in the project, in one language or both.
const local = text => (text ? text[settings.lang] || text.en || text.zh || '' : '');

const number = (value, digits = 0) =>
  new Intl.NumberFormat(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
const percent = (value, digits = 1) =>
  new Intl.NumberFormat(locale(), { style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
const short = value => new Intl.NumberFormat(locale(), { notation: 'compact', maximumSignificantDigits: 3 }).format(value);

// As many digits as say something: whole numbers whole, others with four significant digits.
function measure(value) {
  if (Number.isInteger(value)) return number(value);
  return new Intl.NumberFormat(locale(), { maximumSignificantDigits: Math.abs(value) >= 1000 ? 6 : 4 }).format(value);
}

// A share that is neither none nor all is never shown as 0 % or 100 %.
function share(part, whole) {
  if (!whole) return '–';
  const value = part / whole;
  if (part > 0 && value < 0.001) return '< ' + percent(0.001);
  if (part < whole && value > 0.999) return '> ' + percent(0.999);
  return percent(value);
}

function duration(milliseconds) {
  if (milliseconds < 1000) return number(milliseconds) + ' ms';
  if (milliseconds < 60000) return number(milliseconds / 1000, 1) + ' s';
  return number(Math.floor(milliseconds / 60000)) + ' min ' + number(Math.round(milliseconds / 1000) % 60) + ' s';
}

function seconds(value) {
  const units = [[86400, 'unit.day'], [3600, 'unit.hour'], [60, 'unit.minute'], [1, 'unit.second']];
  const [size, key] = units.find(([size]) => value % size === 0 && value >= size) || [1, 'unit.second'];
  return t(key, number(value / size));
}

// How old something is, to two digits: more is not known.
function age(milliseconds) {
  const [, key] = [[86400000, 'unit.day'], [3600000, 'unit.hour'], [60000, 'unit.minute'], [0, 'unit.second']].find(([least]) => milliseconds >= least);
  const value = milliseconds / { 'unit.day': 86400000, 'unit.hour': 3600000, 'unit.minute': 60000, 'unit.second': 1000 }[key];
  return t(key, new Intl.NumberFormat(locale(), { maximumSignificantDigits: value >= 100 ? 3 : 2 }).format(value));
}

function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit++; }
  return number(value, unit === 0 ? 0 : 1) + ' ' + units[unit];
}

function instant(value, withTime = true) {
  const options = { timeZone: 'UTC', year: 'numeric', month: 'short', day: 'numeric' };
  if (withTime) Object.assign(options, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  return new Intl.DateTimeFormat(locale(), options).format(new Date(value)) + (withTime ? ' UTC' : '');
}

// A cell of data by what it is; `format` is what the project's report file asked for.
function cell(value, format) {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'boolean') return t(value ? 'yes' : 'no');
  if (typeof value === 'number') {
    if (format === 'percent') return percent(value);
    if (format === 'text') return String(value);
    const decimals = /^0\.(0+)$/.exec(format || '');
    return decimals ? number(value, decimals[1].length) : measure(value);
  }
  if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return instant(value);
  return String(value);
}
