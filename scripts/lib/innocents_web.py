"""Visitors, programs and crawlers of web sites that look bad and are not; as innocents_people.py."""

import innocents_words as words
from innocents_lines import DAY, HOUR, MINUTE, WEEK
from innocents_people import every, kind


def visit(w, a, t, pages, agent, site="https://www.example.org"):
    """A person reads some pages: pictures, styles, the icons that a browser asks for by itself."""
    referer = "-"
    for _ in range(pages):
        target = words.page(w.rng)
        w.http(t, a, target, 200, referer=referer, agent=agent)
        referer = site + target
        for i in range(w.rng.randrange(1, 7)):
            w.http(t + 0.2 + i * 0.05, a, f"/static/{w.rng.choice(['css', 'js', 'img'])}/{w.rng.randrange(400)}."
                   f"{w.rng.choice(['css', 'js', 'png', 'jpg', 'woff2'])}", w.rng.choice([200, 200, 200, 304]), referer=referer, agent=agent)
        t += w.rng.uniform(3, 90)
    if w.rng.random() < 0.3:
        w.http(t, a, "/favicon.ico", 404, agent=agent)
    if "iPhone" in agent and w.rng.random() < 0.5:
        for icon in ("apple-touch-icon-120x120-precomposed.png", "apple-touch-icon-120x120.png", "apple-touch-icon-precomposed.png", "apple-touch-icon.png"):
            w.http(t, a, "/" + icon, 404, agent=agent)


@kind(0)  # as many as are needed to fill the log
def web_visitor(w, a):
    agent = w.rng.choice(words.BROWSERS)
    for _ in range(w.rng.choice([1, 1, 1, 2, 3])):
        visit(w, a, w.waking(), w.rng.randrange(1, 9), agent)


@kind(70)
def web_broken_site(w, a):
    """A page whose pictures have gone, and thumbnails made by a program that finds no original."""
    agent, t = w.rng.choice(words.BROWSERS), w.waking()
    for _ in range(w.rng.randrange(1, 5)):
        page = f"/gallery/{w.rng.choice(words.TOPICS)}/{w.rng.randrange(60)}/"
        w.http(t, a, page, 200, agent=agent)
        for i in range(w.rng.randrange(12, 60)):
            target = (f"/thumb.php?id={w.rng.randrange(9000)}&w=200" if w.rng.random() < 0.25
                      else f"/gallery/img/{w.rng.randrange(9000)}.{w.rng.choice(['jpg', 'png', 'webp', 'js.map', 'css'])}")
            w.http(t + 0.3 + i * 0.04, a, target, 404, referer="https://www.example.org" + page, agent=agent)
        t += w.rng.uniform(15, 120)


@kind(16)
def web_photo_app(w, a):
    """A photo library on a phone: hundreds of previews at once, of which many are not made yet or belong to others."""
    agent, user = "PhotoBackup/4.2 (Android 14)", words.person(w.rng)
    for day in range(7):
        if w.rng.random() < 0.6:
            t = w.waking(day)
            w.http(t, a, "/api/server/ping", 200, agent=agent)
            for i in range(w.rng.randrange(80, 400)):
                w.http(t + 1 + i * 0.03, a, f"/api/assets/{w.rng.getrandbits(64):016x}/thumbnail?size=preview",
                       w.rng.choice([200, 200, 404, 404, 403]), agent=agent, user=w.rng.choice(["-", user]))


@kind(30)
def web_file_sync(w, a):
    """WebDAV and CalDAV: each round begins without a password (401), then works; now and then a storm of 404s."""
    user, agent = words.person(w.rng), w.rng.choice(["Mozilla/5.0 (Linux) mirall/3.14.3 (Nextcloud)", "DAVx5/4.4.2 (2025/01/10; dav4jvm; okhttp) Android/14",
                                                     "iOS/17.5 (21F79) dataaccessd/1.0"])
    for t in every(w, w.rng.choice([5, 10, 15, 30]) * MINUTE, 0.1, w.rng.uniform(0, 5 * DAY), WEEK):
        w.http(t, a, f"/remote.php/dav/files/{user}/", 401, "PROPFIND", agent=agent)
        w.http(t + 0.1, a, f"/remote.php/dav/files/{user}/", 207, "PROPFIND", agent=agent, user=user)
        if w.rng.random() < 0.02:
            for i in range(w.rng.randrange(20, 120)):
                w.http(t + 1 + i * 0.05, a, f"/remote.php/dav/files/{user}/notes/{w.rng.choice(words.TOPICS)}-{w.rng.randrange(999)}", 404,
                       w.rng.choice(["GET", "DELETE", "PROPFIND"]), agent=agent, user=user)


@kind(14)
def web_sync_with_old_password(w, a):
    """Calendar, contacts and files of one person, all refused, round after round, until somebody types the new one."""
    user, agent, begin = words.person(w.rng), "DAVx5/4.4.2 (2025/01/10; dav4jvm; okhttp) Android/14", w.rng.uniform(0, 5 * DAY)
    for t in every(w, w.rng.choice([5, 15, 15, 30]) * MINUTE, 0.1, begin, begin + w.rng.uniform(0.5, 2) * DAY):
        for i, what in enumerate(w.rng.sample(["calendars", "addressbooks", "files", "principals", "calendars/personal"], w.rng.choice([2, 3, 5]))):
            target = f"/remote.php/dav/{what}/{user}/"
            w.http(t + i * 0.2, a, target, 401, "PROPFIND", agent=agent)
            w.http(t + i * 0.2 + 0.1, a, target, 401, "PROPFIND", agent=agent, user=user)
            w.http_error(t + i * 0.2 + 0.1, a, f'user "{user}": password mismatch', target, "PROPFIND")


@kind(14)
def web_crawler(w, a):
    """Search engines after a site was rebuilt: a tenth to a third of what they know is gone."""
    agent, gone = w.rng.choice(words.CRAWLERS), w.rng.uniform(0.08, 0.33)
    for _ in range(w.rng.randrange(4, 12)):
        t = w.rng.uniform(0, WEEK)
        w.http(t, a, "/robots.txt", 200, agent=agent)
        step = w.rng.choice([1, 2, 5, 10, 30])
        for _ in range(w.rng.randrange(30, 250)):
            missing = w.rng.random() < gone
            w.http(t, a, f"/archive/{w.rng.randrange(2009, 2021)}/{w.rng.choice(words.TOPICS)}-{w.rng.randrange(3000)}.html" if missing
                   else words.page(w.rng), 404 if missing else w.rng.choice([200, 200, 301]), agent=agent)
            t += step * w.rng.uniform(0.7, 1.4)


@kind(10)
def web_uptime_monitor(w, a):
    agent, target = "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", w.rng.choice(["/", "/health", "/status", "/old-health"])
    status = 404 if target == "/old-health" else 200
    for t in every(w, w.rng.choice([60, 300, 300]), 0.02):
        w.http(t, a, target, status if w.rng.random() > 0.01 else 503, "HEAD", 0, agent=agent)


@kind(60)
def web_link_preview(w, a):
    agent, t = w.rng.choice(words.PREVIEWS), w.waking()
    for _ in range(w.rng.randrange(1, 12)):
        w.http(t, a, words.page(w.rng), w.rng.choice([200, 200, 200, 404]), agent=agent)
        w.http(t + 1, a, w.rng.choice(["/favicon.ico", "/og-image.png", "/apple-touch-icon.png"]), 404, agent=agent)
        t += w.rng.uniform(10, HOUR * 5)


@kind(30)
def web_feed_reader(w, a):
    target, status = w.rng.choice([("/feed", 304), ("/rss.xml", 404), ("/atom.xml", 200), ("/index.php?feed=rss2", 410)])
    for t in every(w, w.rng.choice([15, 30, 60]) * MINUTE, 0.1):
        w.http(t, a, target, status, agent="Tiny Tiny RSS/23.04 (https://tt-rss.org/)")


@kind(60)
def web_login_with_typos(w, a):
    agent, t, wordpress = w.rng.choice(words.BROWSERS), w.waking(), w.rng.random() < 0.5
    target, bad = ("/wp-login.php", 200) if wordpress else (w.rng.choice(["/login", "/api/auth/login", "/index.php/login"]), w.rng.choice([401, 403, 200]))
    w.http(t, a, target, 200, agent=agent)
    for _ in range(w.rng.choice([1, 1, 2, 3, 4, 5])):
        t += w.rng.uniform(6, 30)
        w.http(t, a, target, bad, "POST", agent=agent)
    w.http(t + 12, a, target, 302, "POST", agent=agent)
    visit(w, a, t + 15, 4, agent)


@kind(30)
def web_basic_auth_with_typos(w, a):
    """The browser asks first without (401), then with what was typed."""
    agent, t, user = w.rng.choice(words.BROWSERS), w.waking(), words.person(w.rng)
    w.http(t, a, "/intern/", 401, agent=agent)
    for _ in range(w.rng.choice([0, 1, 1, 2, 3, 4])):
        t += w.rng.uniform(5, 20)
        w.http(t, a, "/intern/", 401, agent=agent, user=user)
        w.http_error(t, a, f'user "{user}": password mismatch', "/intern/")
    for i in range(12):
        w.http(t + 8 + i, a, f"/intern/{w.rng.choice(words.TOPICS)}", 200, agent=agent, user=user)


@kind(18)
def web_editor(w, a):
    """A tab left open: the session ended, its heartbeat asks on, refused each time."""
    agent, t = w.rng.choice(words.BROWSERS), w.waking()
    w.http(t, a, "/wp-login.php", 302, "POST", agent=agent)
    for _ in range(w.rng.randrange(20, 90)):
        t += w.rng.uniform(3, 40)
        w.http(t, a, w.rng.choice(["/wp-admin/post.php?post=12&action=edit", "/wp-admin/admin-ajax.php", "/wp-admin/upload.php",
                                   f"/wp-json/wp/v2/posts/{w.rng.randrange(90)}?context=edit"]), 200, w.rng.choice(["GET", "POST"]), agent=agent)
    for _ in range(w.rng.randrange(50, 500)):
        t += w.rng.choice([15, 60])
        w.http(t, a, "/wp-admin/admin-ajax.php", w.rng.choice([400, 403]), "POST", agent=agent)


@kind(14)
def web_blog_app(w, a):
    for t in every(w, w.rng.choice([15, 60]) * MINUTE, 0.2):
        for i in range(w.rng.choice([1, 3, 8])):
            w.http(t + i * 0.3, a, "/xmlrpc.php", 200, "POST", agent="wp-android/24.5 (Android 14; en_US)")


@kind(24)
def web_api_client_expired(w, a):
    """A program whose token ran out keeps asking, for other things each time."""
    t, status = w.waking(), w.rng.choice([401, 401, 401, 403])
    for _ in range(w.rng.randrange(30, 400)):
        w.http(t, a, f"/api/v1/orders/{w.rng.randrange(5000)}", status, agent="okhttp/4.12.0")
        t += w.rng.choice([10, 30, 60]) * w.rng.uniform(0.8, 1.2)


@kind(24)
def web_old_app(w, a):
    """An app of three years ago: half of what it asks at start is gone."""
    for _ in range(w.rng.randrange(4, 25)):
        t = w.waking()
        for i, name in enumerate(["config", "news", "banner", "user/me", "messages/unread", "features", "push/register", "version"]):
            w.http(t + i * 0.1, a, f"/api/v0/{name}", 404 if i % 2 else 200, agent="ExampleApp/2.3 CFNetwork/1410.0.3 Darwin/22.6.0")


@kind(30)
def web_well_known(w, a):
    """Password managers, advertisers' and mail programs' questions, none of which this site answers."""
    t, agent = w.waking(), w.rng.choice(words.BROWSERS)
    for i, name in enumerate(w.rng.sample(["/.well-known/change-password", "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200",
                                           "/.well-known/assetlinks.json", "/.well-known/apple-app-site-association", "/apple-app-site-association",
                                           "/.well-known/security.txt", "/ads.txt", "/app-ads.txt", "/sellers.json", "/.well-known/traffic-advice",
                                           "/autodiscover/autodiscover.xml", "/.well-known/autoconfig/mail/config-v1.1.xml", "/browserconfig.xml"],
                                          w.rng.randrange(2, 9))):
        w.http(t + i * w.rng.uniform(0.1, 3), a, name, 404, agent=agent)


@kind(8)
def web_developer(w, a):
    """Tries out a site that is being built: half of the links are wrong, the same ones again and again."""
    agent, names = words.BROWSERS[0], [f"/{w.rng.choice(words.TOPICS)}/{w.rng.choice(words.TOPICS)}" for _ in range(14)]
    for day in range(5):
        t = w.waking(day)
        for _ in range(w.rng.randrange(20, 120)):
            w.http(t, a, w.rng.choice(names), w.rng.choice([200, 200, 404, 500, 403]), agent=agent)
            t += w.rng.uniform(4, 60)


@kind(5)
def web_office(w, a):
    """300 people behind one address; what breaks for one breaks for all at nine."""
    for day in range(5):
        for _ in range(90):
            visit(w, a, day * DAY + w.rng.uniform(8, 18) * HOUR, w.rng.randrange(1, 7), w.rng.choice(words.BROWSERS))
        for _ in range(25):
            t = day * DAY + w.rng.gauss(9 * HOUR, 15 * MINUTE)
            for _ in range(w.rng.choice([1, 1, 2])):
                w.http(t, a, "/login", 401, "POST", agent=w.rng.choice(words.BROWSERS))
                t += w.rng.uniform(8, 25)
            w.http(t, a, "/login", 302, "POST", agent=w.rng.choice(words.BROWSERS))


@kind(5)
def web_carrier_nat(w, a):
    """A mobile carrier's address: visitors, sync programs with old passwords, stale phones, all at once."""
    for _ in range(150):
        visit(w, a, w.waking(), w.rng.randrange(1, 5), w.rng.choice(words.BROWSERS[2:]))
    for _ in range(3):
        user, begin = words.person(w.rng), w.rng.uniform(0, 4 * DAY)
        for t in every(w, 15 * MINUTE, 0.1, begin, begin + DAY):
            w.http(t, a, f"/remote.php/dav/calendars/{user}/", 401, "PROPFIND", agent="iOS/17.5 (21F79) dataaccessd/1.0", user=user)
    user = words.mailbox(w.rng)
    for t in every(w, 10 * MINUTE, 0.1, DAY, 3 * DAY):
        w.imap_failed(t, a, user)
