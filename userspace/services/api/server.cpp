#include "api/server.h"

#include "api/serve.h"
#include "net/server.h"

namespace testudo {

struct ApiServer::Impl {
  Impl(ApiContext c, const std::string& version) : context(std::move(c)) {
    context.metrics.gauge("cs_info", "Version of this program.", {{"version", version}}).set(1);
  }
  ApiContext context;
  std::unique_ptr<HttpServer> http;
  uint16_t port = 0;
};

ApiServer::ApiServer() = default;
ApiServer::~ApiServer() = default;

uint16_t ApiServer::port() const { return impl_->port; }

Result<std::unique_ptr<ApiServer>> ApiServer::start(ApiOptions options, Decider& decider, Backend* backend,
                                                    Metrics& metrics, ApiHooks hooks) {
  std::unique_ptr<ApiServer> out(new ApiServer());
  out->impl_ = std::make_unique<Impl>(
      ApiContext{decider, backend, metrics, std::move(hooks), options.admin_group, options.machine_id},
      options.version);
  Impl& impl = *out->impl_;
  ServerOptions server;
  server.admit = [&impl](const Request& request) { return admit(impl.context, request); };
  impl.http = std::make_unique<HttpServer>(
      [&impl](const Request& request) { return serve(impl.context, request); }, std::move(server));
  if (!options.socket.empty())
    TESTUDO_CHECK(impl.http->listen_unix(options.socket, 0660, options.admin_group));
  if (!options.listen.empty()) {
    TESTUDO_TRY(impl.port, impl.http->listen_tcp(options.listen));
  }
  impl.http->start();
  return out;
}

struct MetricsServer::Impl {
  std::unique_ptr<HttpServer> http;
  uint16_t port = 0;
};

MetricsServer::MetricsServer() = default;
MetricsServer::~MetricsServer() = default;

uint16_t MetricsServer::port() const { return impl_->port; }

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const std::string& listen,
                                                            const Metrics& metrics) {
  std::unique_ptr<MetricsServer> out(new MetricsServer());
  out->impl_ = std::make_unique<Impl>();
  ServerOptions options;
  options.body_limit = 4096;
  options.bodies_limit = 65536;
  options.max_connections = 32;
  options.handler_threads = 1;
  out->impl_->http = std::make_unique<HttpServer>(
      [&metrics](const Request& request) { return serve_metrics(metrics, request); }, std::move(options));
  TESTUDO_TRY(out->impl_->port, out->impl_->http->listen_tcp(listen));
  out->impl_->http->start();
  return out;
}

}  // namespace testudo
