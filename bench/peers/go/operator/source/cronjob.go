package source

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"sms-scraper.dev/bench/operator/api"
)

const (
	// SpecHash is the annotation with the hash of what the operator gave a CronJob.
	SpecHash  = "sms-scraper.dev/spec-hash"
	container = "scraper"
	secrets   = "/var/run/secrets/sms-scraper"
	user      = 65532
)

var (
	memoryLimit   = resource.MustParse("512Mi")
	memoryRequest = resource.MustParse("64Mi")
	cpuRequest    = resource.MustParse("20m")
)

func labels(source *Valid) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":       "sms-scraper",
		"app.kubernetes.io/component":  "job",
		"app.kubernetes.io/managed-by": "sms-operator",
		"sms-scraper.dev/source":       source.Name,
	}
}

// CronJob gives the CronJob that a source should have.
func CronJob(source *Valid, image string) (*batchv1.CronJob, error) {
	labels := labels(source)
	spec := batchv1.CronJobSpec{
		Schedule:                   source.Spec.Schedule,
		TimeZone:                   ptr.To(source.Spec.TimeZone),
		Suspend:                    ptr.To(source.Spec.Suspend),
		ConcurrencyPolicy:          batchv1.ForbidConcurrent,
		StartingDeadlineSeconds:    ptr.To(int64(300)),
		SuccessfulJobsHistoryLimit: ptr.To(int32(3)),
		FailedJobsHistoryLimit:     ptr.To(int32(3)),
		JobTemplate: batchv1.JobTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec: batchv1.JobSpec{
				ActiveDeadlineSeconds:   ptr.To(source.Deadline),
				BackoffLimit:            ptr.To(source.Backoff),
				TTLSecondsAfterFinished: ptr.To(int32(86_400)),
				PodFailurePolicy: &batchv1.PodFailurePolicy{Rules: []batchv1.PodFailurePolicyRule{{
					Action: batchv1.PodFailurePolicyActionFailJob,
					OnExitCodes: &batchv1.PodFailurePolicyOnExitCodesRequirement{
						ContainerName: ptr.To(container),
						Operator:      batchv1.PodFailurePolicyOnExitCodesOpIn,
						Values:        []int32{2},
					},
				}}},
				Template: corev1.PodTemplateSpec{
					ObjectMeta: metav1.ObjectMeta{Labels: labels},
					Spec:       pod(source, image),
				},
			},
		},
	}
	hash, err := hash(spec, labels)
	if err != nil {
		return nil, err
	}
	return &batchv1.CronJob{
		ObjectMeta: metav1.ObjectMeta{
			Name:        source.Name,
			Namespace:   source.Namespace,
			Labels:      labels,
			Annotations: map[string]string{SpecHash: hash},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: api.GroupVersion.String(),
				Kind:       "ScrapeSource",
				Name:       source.Name,
				UID:        source.UID,
				Controller: ptr.To(true),
			}},
		},
		Spec: spec,
	}, nil
}

func hash(content ...any) (string, error) {
	text, err := json.Marshal(content)
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:16]), err
}

func pod(source *Valid, image string) corev1.PodSpec {
	timeout := max(source.Deadline-max(source.Deadline/10, 5), 1)
	return corev1.PodSpec{
		RestartPolicy:                corev1.RestartPolicyNever,
		AutomountServiceAccountToken: ptr.To(false),
		EnableServiceLinks:           ptr.To(false),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot:        ptr.To(true),
			RunAsUser:           ptr.To(int64(user)),
			RunAsGroup:          ptr.To(int64(user)),
			FSGroup:             ptr.To(int64(user)),
			FSGroupChangePolicy: ptr.To(corev1.FSGroupChangeOnRootMismatch),
			SeccompProfile:      &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Volumes: []corev1.Volume{{
			Name: "secrets",
			VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
				DefaultMode: ptr.To(int32(0o440)),
				Sources: []corev1.VolumeProjection{{Secret: &corev1.SecretProjection{
					LocalObjectReference: corev1.LocalObjectReference{Name: "sms-store"},
					Optional:             ptr.To(true),
					Items:                []corev1.KeyToPath{{Key: "url", Path: "sms-store/url"}},
				}}},
			}},
		}},
		Containers: []corev1.Container{{
			Name:  container,
			Image: image,
			Args:  []string{"ingester"},
			Env: []corev1.EnvVar{
				{Name: "SMS_SOURCE", Value: source.JSON},
				{Name: "SMS_TERMINATION_MESSAGE_PATH", Value: "/dev/termination-log"},
				{Name: "SMS_SECRETS_DIR", Value: secrets},
				{Name: "SMS_INSTALLATION", Value: "sms-scraper"},
				{Name: "SMS_RUN_TIMEOUT", Value: strconv.FormatInt(timeout, 10)},
				{Name: "SMS_LOG_FORMAT", Value: "json"},
				{Name: "SMS_STORE_URL_FILE", Value: secrets + "/sms-store/url"},
				{Name: "SMS_DEFAULT_STORE_URL", Value: "stdout:"},
			},
			Resources: corev1.ResourceRequirements{
				Limits:   corev1.ResourceList{corev1.ResourceMemory: memoryLimit},
				Requests: corev1.ResourceList{corev1.ResourceCPU: cpuRequest, corev1.ResourceMemory: memoryRequest},
			},
			VolumeMounts: []corev1.VolumeMount{{Name: "secrets", MountPath: secrets, ReadOnly: true}},
			SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: ptr.To(false),
				ReadOnlyRootFilesystem:   ptr.To(true),
				Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			},
		}},
	}
}
