// Elements are made one by one and text is only ever set as text, so nothing in the data can become markup.
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'onclick') element.addEventListener('click', value);
    else if (name === 'style') Object.assign(element.style, value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

// columns: { title, number, wide, head, value(row) }, where `head` marks the column that names the row.
function table(columns, rows, caption) {
  return h('table', { class: 'stack' },
    caption ? h('caption', null, caption) : null,
    h('thead', null, h('tr', null, columns.map(c => h('th', { scope: 'col', class: c.number ? 'n' : null }, c.title)))),
    h('tbody', null, rows.map(row => h('tr', null, columns.map(c => {
      const content = c.value(row);
      return c.head
        ? h('th', { scope: 'row' }, content)
        : h('td', { 'data-label': c.title, class: [c.number ? 'n' : '', c.wide ? 'wide' : ''].join(' ').trim() || null }, h('div', null, content));
    })))));
}

const tag = (text, kind) => h('span', { class: 'tag' + (kind ? ' ' + kind : '') }, text);
const code = text => h('code', null, text);
const details = (summary, ...content) => h('details', null, h('summary', null, summary), content);
const cellBar = (part, whole) =>
  h('span', { class: 'cell-bar', 'aria-hidden': 'true' }, h('span', { style: { width: (whole ? Math.max(part > 0 ? 1 : 0, 100 * part / whole) : 0) + '%' } }));

function section(id, title, about, ...content) {
  return h('section', { id, 'aria-labelledby': id + '-title' },
    h('h2', { id: id + '-title' }, title), about ? h('p', { class: 'about' }, about) : null, content);
}

// A content hash is long; the first 12 digits tell two apart, the rest is in the title and in what is copied.
const hash = value => (value ? h('code', { class: 'hash', title: value }, value.length > 20 ? value.slice(0, 12) + '…' : value) : '–');
