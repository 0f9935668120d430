// Progressive enhancement: without this file every page can still be finished.
(function () {
  'use strict';
  var doc = document, root = doc.documentElement;
  root.classList.add('js');
  function all(selector, from) { return [].slice.call((from || doc).querySelectorAll(selector)); }

  // A page with errors starts at the list of them.
  var errors = doc.querySelector('.errbox');
  if (errors) errors.focus();

  // One submit per tap. Coming back from the next page makes the form usable again.
  doc.addEventListener('submit', function (event) {
    var form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = '1';
    all('button', form).forEach(function (b) { b.setAttribute('aria-disabled', 'true'); });
    setTimeout(function () { release(form); }, 12000);
  });
  function release(form) {
    delete form.dataset.sent;
    all('button', form).forEach(function (b) { b.removeAttribute('aria-disabled'); });
  }
  window.addEventListener('pageshow', function () { all('form[data-sent]').forEach(release); });

  // Narrow a list by characters, pinyin or initials: items carry data-k.
  all('[data-filter]').forEach(function (box) {
    var list = doc.getElementById(box.dataset.filter), out = doc.getElementById(box.dataset.out);
    box.addEventListener('input', function () {
      var q = box.value.trim().toLowerCase(), n = 0;
      all('[data-k]', list).forEach(function (el) {
        var hit = !q || el.dataset.k.indexOf(q) >= 0;
        el.hidden = !hit;
        if (hit) n++;
      });
      if (out) out.textContent = !q ? '' : n ? '找到 ' + n + ' 个' : '没有找到，换个字试试';
    });
  });

  // Enter in a search box searches; it must not send the form around it.
  all('input[type=search][data-live]').forEach(function (box) {
    box.addEventListener('keydown', function (event) { if (event.key === 'Enter') event.preventDefault(); });
  });

  // Show what was chosen in words.
  all('[data-mirror]').forEach(function (el) {
    doc.getElementById(el.dataset.mirror).addEventListener('change', function (event) {
      if (event.target.dataset.label) el.textContent = event.target.dataset.label;
    });
  });

  // Ask for a date only when a date was chosen; never hide what is to be mended.
  all('[data-when]').forEach(function (part) {
    var when = part.dataset.when.split('='), form = part.closest('form');
    function show() {
      var chosen = form.querySelector('input[name="' + when[0] + '"]:checked');
      part.hidden = !(chosen && chosen.value === when[1]) && !part.closest('.bad');
    }
    form.addEventListener('change', show); show();
  });

  // Region picker: the whole country from one small cached file, by province or by typing.
  // Rows: [pool code, name, province code, province name, "pinyin initials"].
  all('[data-regions]').forEach(function (box) {
    var name = box.dataset.name, list = doc.getElementById(box.dataset.list), find = box.querySelector('input[type=search]');
    var province = doc.getElementById(box.dataset.province), legend = doc.getElementById(box.dataset.legend);
    var out = box.querySelector('[role=status]'), rows = null;
    function load(then) {
      if (rows) return then();
      fetch(box.dataset.regions).then(function (r) { return r.json(); }).then(function (data) { rows = data; then(); }, function () {});
    }
    function show(found, title) {
      var form = list.closest('form'), old = form.querySelector('input[name="' + name + '"]:checked'), code = old && old.value;
      list.textContent = '';
      found.slice(0, 40).forEach(function (r) {
        var label = doc.createElement('label'), input = doc.createElement('input'), span = doc.createElement('span');
        label.className = 'tile left';
        input.type = 'radio'; input.name = name; input.value = r[0]; input.checked = r[0] === code;
        input.dataset.label = r[1] === r[3] ? r[1] : r[3] + ' ' + r[1];
        span.textContent = title ? r[1] : input.dataset.label;
        label.appendChild(input); label.appendChild(span); list.appendChild(label);
      });
      legend.textContent = title || '找到的地方';
    }
    find.addEventListener('input', function () {
      var q = find.value.trim().toLowerCase();
      if (!q) { out.textContent = ''; return; }
      load(function () {
        var found = rows.filter(function (r) { return (r[3] + r[1]).indexOf(q) >= 0 || (' ' + r[4]).indexOf(' ' + q) >= 0; });
        show(found, '');
        out.textContent = found.length ? '找到 ' + found.length + ' 个' : '没有找到，换个字试试，或者先选省份';
      });
    });
    province.addEventListener('change', function () {
      load(function () {
        find.value = ''; out.textContent = '';
        var found = rows.filter(function (r) { return r[2] === province.value; });
        show(found, found.length ? found[0][3] + (found.length > 1 ? '：选一个' : '') : '');
        if (found.length === 1) list.querySelector('input').click();
      });
    });
  });

  // Handwritten signature: strokes as vectors (0–1 and milliseconds); the server draws the picture.
  all('[data-sign]').forEach(function (box) {
    var canvas = box.querySelector('canvas'), ctx = canvas.getContext('2d'), field = doc.getElementById(box.dataset.sign);
    var strokes = [], current = null, began = 0, W = 0, H = 0;
    try { strokes = JSON.parse(field.value).s || []; } catch (e) { strokes = []; }
    function fit() {
      var r = box.getBoundingClientRect(), d = Math.min(window.devicePixelRatio || 1, 3);
      W = r.width; H = r.height; canvas.width = W * d; canvas.height = H * d;
      ctx.setTransform(d, 0, 0, d, 0, 0); draw();
    }
    function segment(s, i) {
      var a = s[i - 1], b = s[i], v = Math.hypot((b[0] - a[0]) * W, (b[1] - a[1]) * H) / Math.max(1, b[2] - a[2]);
      var w = Math.max(2.2, 6.4 - v * 2.1), m = i > 1 ? [(s[i - 2][0] + a[0]) / 2, (s[i - 2][1] + a[1]) / 2] : a;
      s.w = s.w ? s.w * 0.75 + w * 0.25 : w; ctx.lineWidth = s.w; ctx.beginPath();
      ctx.moveTo(m[0] * W, m[1] * H); ctx.quadraticCurveTo(a[0] * W, a[1] * H, (a[0] + b[0]) / 2 * W, (a[1] + b[1]) / 2 * H); ctx.stroke();
    }
    function draw() {
      ctx.clearRect(0, 0, W, H); ctx.strokeStyle = '#10201d'; ctx.lineCap = ctx.lineJoin = 'round';
      strokes.forEach(function (s) { s.w = 0; for (var i = 1; i < s.length; i++) segment(s, i); });
    }
    function save() { field.value = strokes.length ? JSON.stringify({ w: Math.round(W), h: Math.round(H), s: strokes }) : ''; }
    function add(e) {
      var r = canvas.getBoundingClientRect(), last = current[current.length - 1];
      if (!began) began = e.timeStamp;
      var p = [+Math.min(1, Math.max(0, (e.clientX - r.left) / W)).toFixed(4), +Math.min(1, Math.max(0, (e.clientY - r.top) / H)).toFixed(4), Math.round(e.timeStamp - began)];
      if (last && Math.abs(p[0] - last[0]) + Math.abs(p[1] - last[1]) < 0.003) return;
      current.push(p);
      if (last) segment(current, current.length - 1);
    }
    canvas.addEventListener('pointerdown', function (e) { e.preventDefault(); canvas.setPointerCapture(e.pointerId); current = []; strokes.push(current); add(e); });
    canvas.addEventListener('pointermove', function (e) {
      if (!current) return;
      var more = e.getCoalescedEvents ? e.getCoalescedEvents() : [];
      (more.length ? more : [e]).forEach(add);
    });
    ['pointerup', 'pointercancel'].forEach(function (type) { canvas.addEventListener(type, function () { current = null; save(); }); });
    all('[data-sign-do]', box.closest('form')).forEach(function (b) {
      b.addEventListener('click', function () { if (b.dataset.signDo === 'undo') strokes.pop(); else strokes.length = 0; draw(); save(); });
    });
    window.addEventListener('resize', fit); fit();
  });

  // Photos: each is shrunk, sent in pieces, and goes on where the line broke.
  doc.addEventListener('change', function (event) {
    var input = event.target, form = input.form;
    if (input.type !== 'file' || !form || !('paper' in form.dataset) || !input.files[0]) return;
    if (!window.crypto || !crypto.subtle || !window.fetch) { form.submit(); return; }
    var box = form.closest('section'), bar = box.querySelector('progress'), out = box.querySelector('[role=status]');
    var token = form.querySelector('[name=csrf]').value, tries = 0, best = -1, blob, url;
    function say(text, busy, bad) { out.textContent = text; out.className = bad ? 'err' : 'small'; bar.hidden = !busy; box.setAttribute('aria-busy', !!busy); input.disabled = !!busy; }
    function call(method, at) {
      var body = method === 'PUT' ? blob.slice(at, at + 131072) : undefined;
      return fetch(url + '&at=' + at, { method: method, body: body, headers: { 'x-csrf': token }, credentials: 'same-origin' }).then(function (r) {
        return r.json().then(function (said) {
          if (r.status >= 500) throw said;
          if (said.at > best) { best = said.at; tries = 0; }
          if (said.done) return show();
          if (said.sentence) { say(said.sentence, false, true); input.value = ''; return; }
          bar.value = 100 * said.at / blob.size;
          say('正在传，已经传了 ' + Math.round(bar.value) + '%', true);
          return call('PUT', said.at);
        });
      });
    }
    function go() {
      call('GET', 0).catch(function (e) {
        if (++tries > 6) { say(e.sentence || '网断了，没有传完。网好了请再选一次这张照片，会接着传。', false, true); input.value = ''; return; }
        say('网断了，正在接着传……', true);
        setTimeout(go, Math.min(500 * Math.pow(2, tries), 8000));
      });
    }
    // Only this slot is drawn anew: what was typed elsewhere on the page stays.
    function show() {
      return fetch(location.href, { credentials: 'same-origin' }).then(function (r) { return r.text(); }).then(function (html) {
        var fresh = new DOMParser().parseFromString(html, 'text/html').getElementById(box.id);
        if (!fresh) return location.reload();
        box.replaceWith(fresh); fresh.focus();
        setTimeout(function () { fresh.querySelector('[role=status]').textContent = '照片存好了。'; }, 100);
      });
    }
    say('正在准备照片……', true);
    shrink(input.files[0], function (result) {
      blob = result;
      new Response(blob).arrayBuffer().then(function (bytes) { return crypto.subtle.digest('SHA-256', bytes); }).then(function (hash) {
        var hex = [].map.call(new Uint8Array(hash), function (b) { return ('0' + b.toString(16)).slice(-2); }).join('');
        url = form.action.replace('?', '/piece?') + '&size=' + blob.size + '&sha256=' + hex;
        go();
      });
    });
  });
  // At most 2000 px; whatever this browser cannot draw (HEIC, PDF) is sent as it is.
  function shrink(file, then) {
    var img = new Image(), at = URL.createObjectURL(file);
    img.onerror = function () { URL.revokeObjectURL(at); then(file); };
    img.onload = function () {
      var w = img.naturalWidth, h = img.naturalHeight, k = Math.min(1, 2000 / Math.max(w, h)), canvas = doc.createElement('canvas');
      canvas.width = Math.round(w * k); canvas.height = Math.round(h * k);
      var ctx = canvas.getContext('2d');
      if (ctx) { ctx.fillStyle = '#fff'; ctx.fillRect(0, 0, canvas.width, canvas.height); ctx.drawImage(img, 0, 0, canvas.width, canvas.height); }
      URL.revokeObjectURL(at);
      canvas.toBlob(function (small) { then(small && (k < 1 || small.size < file.size) ? small : file); }, 'image/jpeg', 0.82);
    };
    img.src = at;
  }

  // A picture that is good for a short while is fetched anew while somebody looks at it; left alone, it stops.
  all('[data-renew]').forEach(function (box) {
    var left = 8, timer = setInterval(function () {
      if (doc.hidden) return;
      if (!left--) { clearInterval(timer); box.textContent = box.dataset.lost; return; }
      fetch(box.dataset.renew, { credentials: 'same-origin' }).then(function (r) {
        return r.ok && !r.redirected ? r.text() : Promise.reject();
      }).then(function (part) {
        // An answer that was slow must not show a code again where the page already says that it stopped.
        if (left >= 0) box.innerHTML = part;
      }, function () { left = 0; });
    }, box.dataset.seconds * 1000);
  });

  // Signed in: typing keeps the session; five minutes before it ends one tap keeps it too.
  var bar = doc.getElementById('idle');
  if (bar) {
    var fresh = Date.now();
    var keep = function () {
      fresh = Date.now(); bar.hidden = true;
      fetch('/still-here', { credentials: 'same-origin' }).catch(function () { fresh = 0; });
    };
    doc.addEventListener('input', function () { if (Date.now() - fresh > 300000) keep(); });
    bar.querySelector('button').addEventListener('click', keep);
    setInterval(function () {
      var idle = Date.now() - fresh;
      if (idle > 1500000) bar.hidden = false;
      // The phone slept on past the end: say so, and let the button sign in again.
      if (idle > 1800000) bar.querySelector('p').textContent = '登录到时间了。填的内容还在，提交后重新登录就能接着办。';
    }, 20000);
  }
})();
